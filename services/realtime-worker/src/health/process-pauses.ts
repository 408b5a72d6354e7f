import type {Log} from '@voicebridge/shared/observability/log.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';

const LOOK_EVERY: Millis = 50;
/** A worker without a heartbeat for so long may be called dead, and its calls may be taken by others. */
const CALLED_DEAD_AFTER: Millis = 250;
/** Pauses are remembered for so long. Every wait that is measured here is shorter. */
const KEPT: Millis = 60_000;
/** Shorter pauses come on any busy machine: no line for each. */
const WORTH_A_LINE: Millis = 1_000;

/** A time in which this process did not run. */
export interface Pause {
  readonly ms: Millis;
  /** When it ran again. */
  readonly until: Millis;
}

/**
 * Notices that this process did not run for a while: it was stopped, its machine was suspended, or its event loop was busy.
 * Whoever asks first after the pause learns of it, whichever timer or message that is.
 */
export class ProcessPauses {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #stop: Cancel;
  #ranAt: Millis;
  /** Those that were long enough for others to take its calls, the last last. */
  #pauses: Pause[] = [];

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.#ranAt = clock.now();
    this.#stop = every(clock, LOOK_EVERY, () => this.#look());
  }

  /** The last pause that was long enough for others to take its calls; undefined: there was none. */
  get last(): Pause | undefined {
    this.#look();
    return this.#pauses.at(-1);
  }

  /** How long of the time since a moment of the last minute this process did not run. */
  pausedSince(moment: Millis): Millis {
    this.#look();
    return this.#pauses.reduce((sum, {ms, until}) => sum + Math.max(0, Math.min(ms, until - moment)), 0);
  }

  #look(): void {
    const now = this.#clock.now();
    const ms = now - this.#ranAt;
    this.#ranAt = now;
    if (ms < CALLED_DEAD_AFTER) return;
    this.#pauses = [...this.#pauses.filter(({until}) => now - until < KEPT), {ms, until: now}];
    if (ms < WORTH_A_LINE) return;
    this.#log.warn({ms: Math.round(ms)}, 'this worker did not run for a while; it asks whose its calls are now');
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}

/** For what is over too soon to be paused. */
export const NEVER_PAUSED: Pick<ProcessPauses, 'last' | 'pausedSince'> = {last: undefined, pausedSince: () => 0};
