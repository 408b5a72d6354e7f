import type {Millis} from '@voicebridge/shared/time.ts';

/** Twilio's timestamps lose a millisecond or two now and then, as captures of real calls show. They fall behind by less than this. */
const DRIFT_PER_MS = 0.002;
/** Length of one window of delays, in milliseconds. */
const WINDOW_MS = 4_000;
/** If no frame of one or two windows was faster than this beyond what drift explains, the two clocks have really moved. */
const MOVED_MS = 40;

/**
 * Places the frames of one stream on the time line of the call. A frame may come late, but never early: the frames with
 * the shortest delay show how the two clocks lie to each other, and the others follow by their timestamps. So a frame that
 * was held up, or sent a second time to a new owner, gets the place where it was spoken.
 */
export class StreamClock {
  /** The shortest delay, which becomes longer as fast as the clocks may drift. */
  #least: Millis = Number.POSITIVE_INFINITY;
  #seenAt: Millis = 0;
  /** The shortest of this window, and of the one before. */
  #shortest: Millis = Number.POSITIVE_INFINITY;
  #before: Millis = Number.POSITIVE_INFINITY;
  #windowEnds: Millis = Number.NEGATIVE_INFINITY;

  /** A frame with this timestamp came at `at`. */
  seen(timestamp: Millis, at: Millis): void {
    if (at >= this.#windowEnds) {
      this.#before = this.#shortest;
      this.#shortest = Number.POSITIVE_INFINITY;
      this.#windowEnds = at + WINDOW_MS;
    }
    const delay = at - timestamp;
    this.#shortest = Math.min(this.#shortest, delay);
    this.#least = Math.min(delay, this.#least + Math.max(0, at - this.#seenAt) * DRIFT_PER_MS);
    this.#seenAt = at;
    const lately = Math.min(this.#shortest, this.#before);
    if (lately > this.#least + MOVED_MS) this.#least = lately;
  }

  /** What to add to a timestamp. */
  get offset(): Millis {
    return this.#least;
  }
}
