import type {Clock, Millis} from '../time.ts';
import type {Urgency} from './media-bus.ts';

/** Audio waits for more at most this long after the last write. */
const COMPANY_MS: Millis = 2;

/** When what waits is written: with the end of this turn of the event loop, or after a pause in milliseconds. */
export type FlushTime = 'turn' | Millis;

/**
 * Decides when what waits is written. A write costs the same whatever it carries, so audio waits for company while writes
 * follow each other closely. With few calls nothing waits. Pure.
 */
export class FlushPlan {
  #flushedAt: Millis = Number.NEGATIVE_INFINITY;
  #planned: FlushTime | undefined;

  /** Something waits from now on. Returns when to write, if that is sooner than planned. */
  wants(urgency: Urgency, clock: Pick<Clock, 'now'>): FlushTime | undefined {
    if (this.#planned === 'turn' || (this.#planned !== undefined && urgency === 'soon')) return undefined;
    const pause = urgency === 'now' ? 0 : COMPANY_MS - (clock.now() - this.#flushedAt);
    this.#planned = pause > 0 ? pause : 'turn';
    return this.#planned;
  }

  /** All that waited was written. */
  flushed(at: Millis): void {
    this.#flushedAt = at;
    this.#planned = undefined;
  }
}
