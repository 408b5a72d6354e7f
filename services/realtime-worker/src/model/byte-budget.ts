import type {Millis} from '@voicebridge/shared/time.ts';

/**
 * How much a model may send beside what is played: an answer comes far ahead of its sound, but no conversation needs as
 * much as this for long. Five minutes of the largest audio format are 19 MB.
 */
const AT_ONCE = 24_000_000;
const PER_SECOND = 128_000;

/** Counts what one session sends, in bytes of its messages. */
export class ByteBudget {
  #left = AT_ONCE;
  #at: Millis;

  constructor(at: Millis) {
    this.#at = at;
  }

  /** So many bytes came. False: more than any conversation needs. */
  took(bytes: number, at: Millis): boolean {
    this.#left = Math.min(AT_ONCE, this.#left + ((at - this.#at) / 1_000) * PER_SECOND) - bytes;
    this.#at = at;
    return this.#left >= 0;
  }
}
