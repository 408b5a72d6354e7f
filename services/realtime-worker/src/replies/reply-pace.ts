import type {Millis} from '@voicebridge/shared/time.ts';

/** How many replies are looked at. */
const LOOKED_AT = 5;
/** No model is taken to be faster: one reply that came at once says little about the next. */
const AT_LEAST: Millis = 600;

/** How long the model takes from the beginning of a response to its first sound. Pure: time is passed in. */
export class ReplyPace {
  #begun: {readonly responseId: string; readonly at: Millis} | undefined;
  #took: Millis[] = [];

  began(responseId: string, at: Millis): void {
    this.#begun = {responseId, at};
  }

  sounded(responseId: string, at: Millis): void {
    if (this.#begun?.responseId !== responseId) return;
    this.#took = [...this.#took, at - this.#begun.at].slice(-LOOKED_AT);
    this.#begun = undefined;
  }

  /** The slowest of the last replies. */
  get firstSoundMs(): Millis {
    return Math.max(AT_LEAST, ...this.#took);
  }
}
