import type {Fleet} from '@voicebridge/shared/fleet/fleet.ts';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import type {JournalReaders} from './journal-readers.ts';

export interface OtherWorkersDeps {
  /** This worker. */
  readonly worker: ProcessId;
  readonly fleet: Pick<Fleet, 'members'>;
  /** Is told which workers there are at each look. */
  readonly readers: Pick<JournalReaders, 'look'>;
  readonly log: Log;
}

/** What this worker must know of the others, as of the last look at the fleet. */
export class OtherWorkers {
  readonly #deps: OtherWorkersDeps;
  #areWell = false;

  constructor(deps: OtherWorkersDeps) {
    this.#deps = deps;
  }

  /** Whether one of them takes calls and can do its work. */
  get areWell(): boolean {
    return this.#areWell;
  }

  /** Looks at the fleet. Rejects if Redis does not answer: what was known before stays. */
  async look(): Promise<void> {
    const {worker, fleet, readers} = this.#deps;
    const workers = await fleet.members('workers');
    readers.look(workers);
    this.#areWell = workers.some(({id, state, trouble}) => id !== worker && state === 'ready' && trouble === undefined);
  }

  /** The same in the background. */
  lookSoon(): void {
    background(this.look(), this.#deps.log, 'looking at the fleet');
  }
}
