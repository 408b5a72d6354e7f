import type {Millis} from '@voicebridge/shared/time.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';

/**
 * The numbers on the media messages of one stream. Real captures begin at 102 to 171 ms, not at 0, and lose one or two
 * milliseconds now and then; `chunk` counts the frames sent, `timestamp` also the time in which none was.
 */
export class StreamClock {
  readonly #random: Random;
  #timestamp: Millis;
  #chunk = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#timestamp = random.whole(70, 175);
  }

  /** The numbers of a frame that lasts `ms`. */
  next(ms: Millis): {chunk: number; timestamp: Millis} {
    this.#chunk += 1;
    const timestamp = Math.round(this.#timestamp);
    const early = this.#random.whole(1, 50) === 1 ? this.#random.whole(1, 2) : 0;
    this.#timestamp += Math.max(0, ms - early);
    return {chunk: this.#chunk, timestamp};
  }

  /** Time passes without a frame. */
  skip(ms: Millis): void {
    this.#timestamp += ms;
  }
}
