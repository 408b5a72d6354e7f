import type {Millis} from '@voicebridge/shared/time.ts';

/**
 * How much a model may send in all: an answer comes far ahead of its sound, but no conversation needs as much as this for
 * long. Five minutes of the largest audio format are 19 MB.
 */
const IN_ALL = 24_000_000;
const IN_ALL_PER_MS = 128;
/**
 * How fast it is read: a minute of the telephone's audio at once, and a minute and a half of it a second. Faster, one
 * model would keep the calls of the whole process waiting.
 */
const AT_ONCE = 640_000;
const PER_MS = 1_000;
/** What a message costs beside its bytes, as if it had so many more: to read a small one takes as long as its handling. */
const PER_MESSAGE = 1_000;

/** Counts what one session sends: messages, and their bytes. */
export class ByteBudget {
  #left = IN_ALL;
  #ready = AT_ONCE;
  #at: Millis;

  constructor(at: Millis) {
    this.#at = at;
  }

  /** A message of this many bytes came. False: more than any conversation needs. */
  took(bytes: number, at: Millis): boolean {
    const passed = at - this.#at;
    this.#at = at;
    this.#left = Math.min(IN_ALL, this.#left + passed * IN_ALL_PER_MS) - bytes;
    this.#ready = Math.min(AT_ONCE, this.#ready + passed * PER_MS) - bytes - PER_MESSAGE;
    return this.#left >= 0;
  }

  /** How long nothing is to be read; 0: it may go on. */
  get waitMs(): Millis {
    return this.#ready >= 0 ? 0 : -this.#ready / PER_MS;
  }
}
