import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/** Twilio returns the last mark when the last word was played; if it never does, this long after it should have. */
const MARK_MAY_BE_LATE_MS = 2_000;
/** A goodbye whose end the model never tells is over after so much silence. */
const UNENDED_MS = 3_000;
/** A sound of the caller that the model never calls a turn does not keep the line open for longer than this. */
const HELD_AT_MOST_MS = 10_000;
/** A goodbye that we ask for must begin within this time. */
const BEGINS_WITHIN_MS = 8_000;

/** Why we end a call. `isFinal`: also a caller who speaks cannot keep the line. */
export interface Ending {
  readonly reason: EndReason;
  readonly isFinal: boolean;
}

interface Said extends Ending {
  /** The tool call by which the assistant hangs up; undefined where we end the call. */
  readonly callId: string | undefined;
  responseId: string | undefined;
  /** All of it has come from the model, and is heard by then. */
  closeBy: Millis | undefined;
  /** Nothing more comes of it if nothing is audible after this moment. */
  patience: Millis;
  isAudible: boolean;
}

/** Why the line is closed, and what the caller heard of it. */
export interface Closing {
  readonly reason: EndReason;
  /** The caller heard nothing of a goodbye that we had asked for: the end needs other words. */
  readonly wordless: boolean;
}

/**
 * The call is about to end: the line closes when the last word was heard. A caller who speaks before that keeps the
 * line, unless the end is final. A goodbye that breaks off, or never comes, does not keep the line open.
 */
export class HangUp {
  #said: Said | undefined;

  get said(): boolean {
    return this.#said !== undefined;
  }

  /** `held`: the caller may be about to say something. */
  deadline(held: boolean): Millis | undefined {
    if (!this.#said) return undefined;
    const {closeBy, patience, isFinal} = this.#said;
    return (closeBy ?? patience) + (held && !isFinal ? HELD_AT_MOST_MS : 0);
  }

  /** The assistant hangs up. `audibleUntil`: when what it has said so far will have been heard. */
  say(callId: string, responseId: string, audibleUntil: Millis): void {
    const patience = audibleUntil + UNENDED_MS;
    const reason = 'assistant.hung-up';
    this.#said ??= {callId, responseId, reason, isFinal: false, closeBy: undefined, patience, isAudible: true};
  }

  /** We end the call, and have asked the model to say goodbye. */
  announce({reason, isFinal}: Ending, audibleUntil: Millis): void {
    const patience = audibleUntil + BEGINS_WITHIN_MS;
    const said = {callId: undefined, responseId: undefined, closeBy: undefined};
    this.#said ??= {...said, reason, isFinal, patience, isAudible: false};
  }

  /** The response that says the goodbye we asked for has begun. */
  responseStarted(responseId: string): void {
    if (this.#said?.callId === undefined && this.#said) this.#said.responseId ??= responseId;
  }

  /** Something of a response is audible until then. */
  audible(responseId: string, until: Millis): void {
    if (!this.#said) return;
    if (responseId === this.#said.responseId) this.#said.isAudible = true;
    this.#said.patience = Math.max(this.#said.patience, until + UNENDED_MS);
  }

  /** Its response is complete, and `unheardMs` of what was said is still to be played. */
  responseEnded(responseId: string, unheardMs: Millis, at: Millis): void {
    if (this.#said?.responseId === responseId) this.#said.closeBy = at + unheardMs + MARK_MAY_BE_LATE_MS;
  }

  /** The caller spoke. Returns the tool call that must be answered, since the call goes on. */
  cancel(): string | undefined {
    const said = this.#said;
    if (said && !said.isFinal) this.#said = undefined;
    return said?.callId;
  }

  /**
   * Whether the line can be closed. `quiet`: all that was said is proven to be heard; `held`: the caller may be about to
   * say something.
   */
  over(quiet: boolean, held: boolean, at: Millis): Closing | undefined {
    const deadline = this.deadline(held);
    if (!this.#said || deadline === undefined) return undefined;
    const {closeBy, reason, isAudible, isFinal} = this.#said;
    const isHeard = closeBy !== undefined && quiet && (!held || isFinal);
    return isHeard || at >= deadline ? {reason, wordless: !isAudible} : undefined;
  }
}
