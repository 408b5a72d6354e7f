import {readdirSync, readFileSync} from 'node:fs';
import {every} from '../ticker.ts';
import type {Cancel, Clock, Millis} from '../time.ts';

const LOOK_EVERY: Millis = 1_000;
/** As many stay free for what must go on: Redis, probes, scrapes, another model session of a call in hand. */
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
    return `${count.open} of ${count.limit} descriptors are open: raise the limit (ulimit -n), or lower MAX_CALLS`;
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}

/** Linux only. */
function countDescriptors(): DescriptorCount | undefined {
  const limit = readLimit();
  if (limit === undefined) return undefined;
  try {
    return {open: readdirSync('/proc/self/fd').length - 1, limit}; // one of them was for looking
  } catch {
    return {open: limit, limit};
  }
}

/** Undefined: not told yet. Node raises its limit as it starts; later it stays. */
let known: {readonly limit: number | undefined} | undefined;

function readLimit(): number | undefined {
  if (!known) {
    try {
      const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
      known = {limit: soft === undefined ? undefined : Number(soft)};
    } catch {
      known = {limit: undefined};
    }
  }
  return known.limit;
}
