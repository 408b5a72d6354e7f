import {type ChildProcess, fork} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Pass} from './hostile-kinds.ts';

/** What became of the hostile sockets so far. */
export interface HostileState {
  /** All of them, and those with a pass. */
  readonly opened: number;
  readonly guests: number;
  /** Those that are open, and those that nobody has taken yet. */
  readonly open: number;
  readonly connecting: number;
  /** How long the longest lived, or has lived so far. */
  readonly oldestMs: Millis;
}

/** When a hostile socket that was closed is opened again, and how many are in a second; `rate` 0: each at once. */
export interface HostilePace {
  readonly againAfter: Millis;
  readonly rate: number;
}

/** So many hostile sockets at one port, each opened again when it was closed. */
export class HostileSockets implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor(port: number, count: number, {againAfter, rate}: HostilePace) {
    const script = fileURLToPath(new URL('hostile-process.ts', import.meta.url));
    this.#child = fork(script, [port, count, againAfter, rate].map(String), {execArgv: []});
  }

  /** `passes`: for sockets that the edge will open. */
  async state(passes: readonly Pass[] = []): Promise<HostileState> {
    const told = once(this.#child, 'message') as Promise<[HostileState]>;
    this.#child.send({passes});
    const [state] = await told;
    return state;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }
}
