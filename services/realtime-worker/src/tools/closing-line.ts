import type {Facts} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {SentAway, ToolOutcome} from '../events/tool-outcome.ts';

/** Twilio returns the last mark when the last word was played. If the mark is lost, the line closes this long after. */
const MARK_LATE_MS = 2_000;
/** A goodbye whose end the model never reports is over after this much silence. */
const UNENDED_MS = 3_000;
/** Speech that never becomes a turn keeps the line open for this long at most. */
const HELD_AT_MOST_MS = 10_000;
/** A goodbye that we asked the model for must begin within this time. */
const BEGINS_WITHIN_MS = 8_000;

/** Why the platform ends a call. `isFinal`: the call ends even if the caller speaks. */
export interface Ending {
  readonly reason: EndReason;
  readonly isFinal: boolean;
}

/** How a tool ends the call. */
export type Leave = Omit<Extract<ToolOutcome, {kind: 'leave'}>, 'kind'> & {
  /** The call does not end: the caller goes away for a while. */
  readonly away?: SentAway['order'];
};

interface Goodbye extends Leave, Ending {
  /** The tool call that ends the call; undefined if the platform ends it. */
  readonly callId: string | undefined;
  responseId: string | undefined;
  /** Set when all of the goodbye has come from the model: by then the caller has heard it. */
  closeBy: Millis | undefined;
  /** The line closes if nothing is audible after this moment. */
  giveUpAt: Millis;
  isAudible: boolean;
}

/** The line can be closed. */
export interface Closing {
  readonly reason: EndReason;
  /** The caller heard nothing of a goodbye that we had asked for: other words must end the call. */
  readonly wordless: boolean;
}

const HANG_UP: Leave = {intent: 'hang-up', reason: 'assistant.hung-up'};

/**
 * The end of a call, from the goodbye to the closed line. The line closes when the last word was heard. A caller who
 * speaks before that keeps the line, unless the end is final. A goodbye that breaks off or never comes cannot keep the
 * line open: each step has a time limit.
 */
export class ClosingLine {
  #goodbye: Goodbye | undefined;

  /** Whether the call is about to end. */
  get said(): boolean {
    return this.#goodbye !== undefined;
  }

  /** What becomes of the caller, for the effect `leave`. */
  get leave(): {readonly intent: Leave['intent']; readonly facts?: Facts} {
    const {intent, facts} = this.#goodbye ?? HANG_UP;
    return facts === undefined ? {intent} : {intent, facts};
  }

  /** Where the caller goes when the line is closed, and for which tool call; undefined: the call ends. */
  get away(): {readonly order: SentAway['order']; readonly callId: string} | undefined {
    const {away: order, callId} = this.#goodbye ?? {};
    return order && callId !== undefined ? {order, callId} : undefined;
  }

  /** The caller went away, and may come back. */
  wentAway(): void {
    this.#goodbye = undefined;
  }

  /** The line is closed by then at the latest. `held`: the caller may be about to say something. */
  deadline(held: boolean): Millis | undefined {
    if (!this.#goodbye) return undefined;
    const {closeBy, giveUpAt, isFinal} = this.#goodbye;
    return (closeBy ?? giveUpAt) + (held && !isFinal ? HELD_AT_MOST_MS : 0);
  }

  /**
   * The assistant ends the call by a tool, in a response; only the first call counts. `audibleUntil`: when the caller
   * will have heard what was said so far.
   */
  say(callId: string, responseId: string, audibleUntil: Millis, leave: Leave = HANG_UP): void {
    const giveUpAt = audibleUntil + UNENDED_MS;
    this.#goodbye ??= {...leave, callId, responseId, isFinal: false, closeBy: undefined, giveUpAt, isAudible: true};
  }

  /** The same, and the model was asked for the last words, which come in another response. */
  sayMore(callId: string, audibleUntil: Millis, leave: Leave): void {
    const giveUpAt = audibleUntil + BEGINS_WITHIN_MS;
    const goodbye = {callId, responseId: undefined, isFinal: false, closeBy: undefined, giveUpAt, isAudible: true};
    this.#goodbye ??= {...leave, ...goodbye};
  }

  /** The platform ends the call, and has asked the model to say goodbye. */
  announce({reason, isFinal}: Ending, audibleUntil: Millis): void {
    const giveUpAt = audibleUntil + BEGINS_WITHIN_MS;
    const goodbye = {intent: 'hang-up', callId: undefined, responseId: undefined, closeBy: undefined} as const;
    this.#goodbye ??= {...goodbye, reason, isFinal, giveUpAt, isAudible: false};
  }

  /** The platform ends the call without another word of the model: the carrier says why, because of the fact `limit`. */
  conclude(reason: EndReason, audibleUntil: Millis): void {
    if (this.#goodbye?.isFinal) return;
    const closeBy = audibleUntil + MARK_LATE_MS;
    const of = {callId: undefined, responseId: undefined, isFinal: true, isAudible: true} as const;
    this.#goodbye = {...of, intent: 'hang-up', facts: {limit: reason}, reason, closeBy, giveUpAt: closeBy};
  }

  /** The response that says the goodbye we asked for has begun. */
  responseStarted(responseId: string): void {
    if (this.#goodbye) this.#goodbye.responseId ??= responseId;
  }

  /** Something of a response is audible until then. */
  audible(responseId: string, until: Millis): void {
    if (!this.#goodbye) return;
    if (responseId === this.#goodbye.responseId) this.#goodbye.isAudible = true;
    this.#goodbye.giveUpAt = Math.max(this.#goodbye.giveUpAt, until + UNENDED_MS);
  }

  /** A response is complete. `unheardMs`: how much of what was said is still to be played. */
  responseEnded(responseId: string, unheardMs: Millis, at: Millis): void {
    if (this.#goodbye?.responseId === responseId) this.#goodbye.closeBy = at + unheardMs + MARK_LATE_MS;
  }

  /** The caller spoke. Returns the tool call that must be answered if the call goes on. */
  cancel(): string | undefined {
    const goodbye = this.#goodbye;
    if (goodbye && !goodbye.isFinal) this.#goodbye = undefined;
    return goodbye?.callId;
  }

  /**
   * Whether the line can be closed. `quiet`: all that was said is proven to be heard. `held`: the caller may be about
   * to say something.
   */
  over(quiet: boolean, held: boolean, at: Millis): Closing | undefined {
    const deadline = this.deadline(held);
    if (!this.#goodbye || deadline === undefined) return undefined;
    const {closeBy, reason, isAudible, isFinal} = this.#goodbye;
    const isHeard = closeBy !== undefined && quiet && (!held || isFinal);
    return isHeard || at >= deadline ? {reason, wordless: !isAudible} : undefined;
  }
}
