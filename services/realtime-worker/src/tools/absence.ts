import type {AwayRecord, EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import {type AwayOrder, type AwayOutcome, awayAtMost} from '@voicebridge/shared/protocol/away.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from '../events/call-effect.ts';

/** The carrier is told within this time to take the caller, or the caller stays. */
const GONE_WITHIN_MS = 10_000;
/** When a caller is back, the outcome is known within this time, or not at all. */
const KNOWN_WITHIN_MS = 3_000;

/** An absence that is not over, as the journal has it. */
export interface OpenAbsence {
  readonly callId: string;
  readonly order: AwayOrder;
  readonly record: AwayRecord;
}

/** What an earlier owner of the call has left. */
export interface RestoredAbsence {
  /** How many absences there were. */
  readonly aways: number;
  /** The one that is not over. `leftMs`: until when the caller can be away. */
  readonly away: (OpenAbsence & {readonly leftMs: Millis}) | undefined;
}

/**
 * `leaving`: the carrier is being told. `away`: the caller's stream has ended. `back`: the caller has another stream, and
 * the outcome is looked up.
 */
type State = OpenAbsence & {
  readonly until: Millis;
  readonly phase: 'leaving' | 'away' | 'back';
  readonly phaseUntil: Millis;
};

/**
 * The caller is away from the assistant, which wanted it so.
 *
 *   here ──said and heard──> leaving ──stream ended──> away ──another stream──> back ──known──> here
 *                               └──nobody took the caller──> here                  └──not known in time──> here
 *
 * Pure: every method returns what is to be done.
 */
export class Absence {
  #count: number;
  #state: State | undefined;

  constructor(restored: RestoredAbsence | undefined, at: Millis) {
    this.#count = restored?.aways ?? 0;
    const away = restored?.away;
    if (!away) return;
    const until = at + away.leftMs;
    this.#state = {...away, until, phase: 'away', phaseUntil: until};
  }

  /** The call that the caller is away for; undefined: the caller is here. */
  get current(): OpenAbsence | undefined {
    return this.#state;
  }

  /** How many there were, the one that is not over included. */
  get count(): number {
    return this.#count;
  }

  /** Until when a caller without a stream may come back; undefined: they are not away. */
  get until(): Millis | undefined {
    return this.#state?.until;
  }

  /** What is over by then is given up. */
  get deadline(): Millis | undefined {
    return this.#state?.phase === 'away' ? undefined : this.#state?.phaseUntil;
  }

  /** The caller has heard the last word, and goes. `since`: milliseconds since the call began. */
  begins(
    open: Omit<OpenAbsence, 'record'> & {readonly tool: string; readonly since: Millis},
    at: Millis,
  ): CallEffect[] {
    const {callId, order, tool, since} = open;
    const record: AwayRecord = {
      away: this.#count,
      at: since,
      awayMs: null,
      tool,
      kind: order.kind,
      lastTwo: order.kind === 'number' && /\d{6}/.test(order.to) ? order.to.slice(-2) : null,
      outcome: null,
    };
    this.#count += 1;
    const ms = awayAtMost(order);
    this.#state = {
      callId,
      order,
      record,
      until: at + ms,
      phase: 'leaving',
      phaseUntil: at + GONE_WITHIN_MS,
    };
    return [journal({is: 'away', away: record, callId, order, ms}), this.#go()];
  }

  /** The caller's stream has ended. */
  streamEnded(): void {
    if (this.#state?.phase === 'leaving') this.#state = {...this.#state, phase: 'away'};
  }

  /** A stream of the caller began. `isSame`: the one that they were to leave, so they have not been away. */
  streamBegan(isSame: boolean, at: Millis): CallEffect[] {
    const state = this.#state;
    if (!state) return [];
    if (isSame) {
      this.#state = {...state, phase: 'leaving', phaseUntil: at + GONE_WITHIN_MS};
      return [this.#go()];
    }
    this.#state = {...state, phase: 'back', phaseUntil: at + KNOWN_WITHIN_MS};
    return [{do: 'lookUpReturn', away: state.record.away}];
  }

  /** The outcome, if that was given up now: the caller did not get away, or nobody knows. */
  overdue(at: Millis): AwayOutcome | undefined {
    const state = this.#state;
    if (!state || state.phase === 'away' || at < state.phaseUntil) return undefined;
    return state.phase === 'leaving' ? 'failed' : 'unknown';
  }

  /** The absence is over. Returns what it was, with its last record. `since`: milliseconds since the call began. */
  over(outcome: AwayOutcome, since: Millis): (OpenAbsence & {readonly effects: CallEffect[]}) | undefined {
    const state = this.#state;
    this.#state = undefined;
    if (!state) return undefined;
    const record = {...state.record, awayMs: Math.max(0, Math.round(since - state.record.at)), outcome};
    return {...state, record, effects: [journal({is: 'away', away: record})]};
  }

  #go(): CallEffect {
    const {order, record, until} = this.#state ?? {};
    if (!order || !record || until === undefined) throw new Error('nobody is away');
    return {do: 'away', order, away: record.away, until};
  }
}

/** How a call ended in an absence, if nobody said. A queue gives a caller back in time, unless a person took them. */
export function endOfAbsence({order}: OpenAbsence): {readonly reason: EndReason; readonly outcome: AwayOutcome} {
  if (order.kind === 'digits') return {reason: 'platform.stream-lost', outcome: 'unknown'};
  return {reason: 'assistant.transferred', outcome: order.kind === 'queue' ? 'accepted' : 'unknown'};
}

/** The outcome of an absence in which the call ended for this reason. */
export function outcomeAtEnd(reason: EndReason): AwayOutcome {
  if (reason === 'caller.hung-up') return 'hung-up';
  return reason === 'assistant.transferred' ? 'accepted' : 'unknown';
}

/** What the model is told when the caller is back. */
export function toldOf({order, record}: OpenAbsence): string {
  const outcome = record.outcome ?? 'unknown';
  if (order.kind === 'digits')
    return outcome === 'sent'
      ? `The keys ${order.to} were pressed. Listen to what comes.`
      : `It is not known whether the keys ${order.to} were pressed: the line was interrupted.`;
  const back =
    'The caller is back on the line with you. Tell them so in one short sentence, and ask how you can help instead.';
  return `${WORDS[outcome](order)} ${back}`;
}

const WORDS: Readonly<Record<AwayOutcome, (order: AwayOrder) => string>> = {
  accepted: () => 'The conversation with the person is over.',
  busy: () => 'The line of the person is busy.',
  'no-answer': ({ringSeconds, kind}) =>
    kind === 'queue'
      ? `Nobody was free within ${ringSeconds} seconds.`
      : `Nobody answered within ${ringSeconds} seconds.`,
  declined: () => 'The call was answered, but nobody took it.',
  failed: () => 'The person could not be reached: the call failed.',
  refused: () => 'This destination may not be called, so the caller was not connected. Do not try it again.',
  sent: () => 'The keys were pressed.',
  'hung-up': () => 'The caller hung up.',
  unknown: () => 'The caller was not connected; it is not known why.',
};
