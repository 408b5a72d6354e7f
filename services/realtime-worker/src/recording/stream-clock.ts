import type {Millis} from '@voicebridge/shared/time.ts';

/** Length of one window of delays, in milliseconds. The shortest is taken from the current one and the one before. */
const WINDOW_MS = 4_000;
/** The clocks of a carrier and of this machine drift apart by less than this within a window. A larger change is real. */
const TOLERANCE_MS = 8;

/**
 * Places the frames of one stream on the time line of the call. A frame may come late, but never early: the frames with
 * the shortest delay show how the two clocks lie to each other, and the others follow by their timestamps. So a frame that
 * was held up, or sent a second time to a new owner, gets the place where it was spoken.
 */
export class StreamClock {
  #shortest: Millis = Number.POSITIVE_INFINITY;
  #before: Millis = Number.POSITIVE_INFINITY;
  #windowEnds: Millis = Number.NEGATIVE_INFINITY;
  #offset: Millis | undefined;

  /** A frame with this timestamp came at `at`. */
  seen(timestamp: Millis, at: Millis): void {
    if (at >= this.#windowEnds) {
      this.#before = this.#shortest;
      this.#shortest = Number.POSITIVE_INFINITY;
      this.#windowEnds = at + WINDOW_MS;
    }
    this.#shortest = Math.min(this.#shortest, at - timestamp);
  }

  /** What to add to a timestamp. Changes only if the clocks have really moved, so that speech is not cut into pieces. */
  get offset(): Millis {
    const least = Math.min(this.#shortest, this.#before);
    if (this.#offset === undefined || Math.abs(least - this.#offset) > TOLERANCE_MS) this.#offset = least;
    return this.#offset;
  }
}
