import type {Millis} from '@voicebridge/shared/time.ts';

/** How many replies are looked at. */
const LOOKED_AT = 5;
/** No model is taken to be faster: one reply that came at once says little about the next. */
const AT_LEAST: Millis = 600;

/** The next reply may be so much slower than the last ones were. */
const MARGIN = 1.25;

/** How long the model takes from being asked to its first sound. Pure: time is passed in. */
export class ReplyPace {
  #askedAt: Millis | undefined;
  #begun: {readonly responseId: string; readonly at: Millis} | undefined;
  #took: Millis[] = [];

  /** The model is asked for a reply. */
  asked(at: Millis): void {
    this.#askedAt = at;
  }

  /** A reply begins. `wasAsked`: we asked for it; the server may also begin one by itself. */
  began(responseId: string, wasAsked: boolean, at: Millis): void {
    this.#begun = {responseId, at: wasAsked ? (this.#askedAt ?? at) : at};
  }

  sounded(responseId: string, at: Millis): void {
    if (this.#begun?.responseId !== responseId) return;
    this.#took = [...this.#took, at - this.#begun.at].slice(-LOOKED_AT);
    this.#begun = undefined;
  }

  /** The slowest of the last replies, and something on top. */
  get firstSoundMs(): Millis {
    return MARGIN * Math.max(AT_LEAST, ...this.#took);
  }
}
