import {setTimeout as sleep} from 'node:timers/promises';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {LogLine} from '../../tools/local-stack/log-line.ts';
import {startProcess, type Exit, type ProcessOptions, type RunningProcess} from '../../tools/local-stack/processes.ts';

/** The wait before each restart; the last one repeats. */
const WAITS: readonly Millis[] = [250, 500, 1_000, 2_000, 5_000, 10_000];
/** After running this long, a process starts again with the shortest wait. */
const STEADY: Millis = 30_000;

/** One process that is started again whenever it ends by itself. */
export interface Kept {
  readonly name: string;
  /** Its process id now; undefined between two runs. */
  pid(): number | undefined;
  /** What it has said in this run, oldest first. */
  lines(): readonly LogLine[];
  /** Ends it at once, as a crash does; it is started again. */
  kill(): void;
  /** Stops it with SIGTERM; it starts again at once. */
  restart(within: Millis): Promise<void>;
  /** Stops it for good. Never takes longer than `within` (0: at once). */
  stop(within: Millis): Promise<void>;
}

/**
 * Starts it, and resolves when it is ready. From then on an unexpected end is reported, and the process is started
 * again.
 */
export async function keepRunning(
  options: ProcessOptions & {readonly name: string},
  say: (line: string) => void,
): Promise<Kept> {
  const {name} = options;
  const stopping = new AbortController();
  let restarting = false;
  let current: RunningProcess | undefined = await startProcess(options);

  const ended = (exit: Exit) => exit.signal ?? `exit code ${exit.code}`;
  const watch = async () => {
    let failures = 0;
    let since = performance.now();
    while (!stopping.signal.aborted) {
      const exit = await current?.exited;
      current = undefined;
      if (stopping.signal.aborted) return;
      if (performance.now() - since > STEADY) failures = 0;
      if (!restarting && exit) say(`ended (${ended(exit)}); starting it again`);
      if (!restarting) await sleep(WAITS[Math.min(failures, WAITS.length - 1)], undefined, {signal: stopping.signal});
      failures = restarting ? 0 : failures + 1;
      restarting = false;
      since = performance.now();
      current = await startProcess(options).catch((error: unknown) => {
        say(`did not start: ${error instanceof Error ? error.message : String(error)}`);
        return undefined;
      });
      if (current) say(`running again (process ${current.pid})`);
    }
  };
  const watching = watch().catch(() => {});

  return {
    name,
    pid: () => current?.pid,
    lines: () => current?.lines ?? [],
    kill: () => current?.kill('SIGKILL'),
    async restart(within) {
      restarting = current !== undefined;
      await current?.stop(within);
    },
    async stop(within) {
      stopping.abort();
      await current?.stop(within);
      await watching;
      await current?.stop(0); // it may just have come back
    },
  };
}
