import type {Clock, Millis} from '../time.ts';
import type {Urgency} from './media-bus.ts';

/** Audio that comes so long after the last write, or later, is written with all that waits. */
const COMPANY_MS: Millis = 3;
/** Audio after which no other comes waits so long. */
const LONGEST_MS: Millis = 4;

/** When what waits is written: with the end of this turn of the event loop, or after a pause in milliseconds. */
export type FlushTime = 'turn' | Millis;

/**
 * Decides when what waits is written. A write costs the same whatever it carries, and so does waking up to do it. So audio
 * waits for company while writes follow each other closely, and is written when the audio of another call has woken the
 * process anyway. With few calls nothing waits. Pure.
 */
export class FlushPlan {
  #flushedAt: Millis = Number.NEGATIVE_INFINITY;
  /** When the oldest of what waits came; undefined if nothing waits. */
  #waitsSince: Millis | undefined;
  #isDue = false;
  /** A pause is running, which is never cut short: ending one and beginning another costs more than a pause too many. */
  #isPausing = false;

  /** Something waits from now on. Returns when to ask again or to write, if that is not known yet. */
  wants(urgency: Urgency, clock: Pick<Clock, 'now'>): FlushTime | undefined {
    if (this.#isDue) return undefined;
    const at = clock.now();
    this.#waitsSince ??= at;
    if (urgency === 'now' || at - this.#flushedAt >= COMPANY_MS) {
      this.#isDue = true;
      return 'turn';
    }
    return this.#pause(LONGEST_MS);
  }

  /** The pause is over. Returns as `wants` does; undefined also if nothing waits. */
  paused(at: Millis): FlushTime | undefined {
    this.#isPausing = false;
    if (this.#isDue || this.#waitsSince === undefined) return undefined;
    const rest = this.#waitsSince + LONGEST_MS - at;
    if (rest >= 1) return this.#pause(rest);
    this.#isDue = true;
    return 'turn';
  }

  /** All that waited was written. */
  flushed(at: Millis): void {
    this.#flushedAt = at;
    this.#waitsSince = undefined;
    this.#isDue = false;
  }

  #pause(ms: Millis): Millis | undefined {
    if (this.#isPausing) return undefined;
    this.#isPausing = true;
    return ms;
  }
}
