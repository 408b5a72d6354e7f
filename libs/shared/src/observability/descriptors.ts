import {readdirSync, readFileSync} from 'node:fs';
import {every} from '../ticker.ts';
import type {Cancel, Clock, Millis} from '../time.ts';

const LOOK_EVERY: Millis = 1_000;
/** As many stay free for what must go on: Redis, probes, scrapes, another model session of an active call. */
const KEPT_FREE = 20;

/** How many descriptors (sockets, files) this process has open, and how many it may have. */
export interface DescriptorCount {
  readonly open: number;
  readonly limit: number;
}

/**
 * Whether this process is about to run out of descriptors. A process without any left can open no socket and still hears
 * what it is asked: it would take calls that it cannot carry. prom-client exports the figures as `process_open_fds` and
 * `process_max_fds`.
 */
export class Descriptors implements Disposable {
  readonly #stop: Cancel;
  #count: DescriptorCount | undefined;

  /** `count`: undefined where the system does not say. */
  constructor(clock: Clock, count: () => DescriptorCount | undefined = countDescriptors) {
    this.#count = count();
    this.#stop = every(clock, LOOK_EVERY, () => (this.#count = count()));
  }

  /** Why no new socket should be opened for a new call; undefined while there are enough descriptors. */
  get scarce(): string | undefined {
    const count = this.#count;
    if (!count || count.open + KEPT_FREE < count.limit) return undefined;
    if (count.limit === 0) return 'all descriptors are open: raise the limit (ulimit -n), or lower MAX_CALLS';
    return `${count.open} of ${count.limit} descriptors are open: raise the limit (ulimit -n), or lower MAX_CALLS`;
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}

/** Linux only. Without a descriptor left the files cannot be read: then there are as many as there may be. */
function countDescriptors(): DescriptorCount | undefined {
  try {
    const limit = readLimit();
    // One of them is for looking.
    return limit === undefined ? undefined : {open: readdirSync('/proc/self/fd').length - 1, limit};
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    return code === 'EMFILE' || code === 'ENFILE' ? {open: 0, limit: 0} : undefined;
  }
}

/** Read anew each time: an operator may raise it while the process runs (`prlimit`). */
function readLimit(): number | undefined {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return soft === undefined ? undefined : Number(soft);
}
