import type {Millis} from '@voicebridge/shared/time.ts';

/** Twilio returns the last mark when the last word was played; if it never does, this long after it should have. */
const MARK_MAY_BE_LATE_MS = 2_000;

/**
 * The assistant wants to hang up: the line closes when the last word was heard, and not at all if the caller speaks
 * before that.
 */
export class Goodbye {
  #said: {readonly callId: string; readonly responseId: string; closeBy: Millis | undefined} | undefined;

  get said(): boolean {
    return this.#said !== undefined;
  }

  get deadline(): Millis | undefined {
    return this.#said?.closeBy;
  }

  say(callId: string, responseId: string): void {
    this.#said ??= {callId, responseId, closeBy: undefined};
  }

  /** Its response is complete, and `unheardMs` of what was said is still to be played. */
  responseEnded(responseId: string, unheardMs: Millis, at: Millis): void {
    if (this.#said?.responseId === responseId) this.#said.closeBy = at + unheardMs + MARK_MAY_BE_LATE_MS;
  }

  /** The caller spoke: returns the tool call that must be answered, since the call goes on. */
  cancel(): string | undefined {
    const callId = this.#said?.callId;
    this.#said = undefined;
    return callId;
  }

  /** Whether the line can be closed. `quiet`: all that was said is proven to be heard. */
  over(quiet: boolean, at: Millis): boolean {
    const closeBy = this.#said?.closeBy;
    return closeBy !== undefined && (quiet || at >= closeBy);
  }
}
