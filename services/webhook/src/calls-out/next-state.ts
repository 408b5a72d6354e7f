import type {Millis} from '@voicebridge/shared/time.ts';
import {event, FINAL, type Attempt, type OutCall, type State} from './out-call.ts';

/** Twilio's words for the state of a call, and ours. */
const OF_CARRIER: Readonly<Record<string, State>> = {
  queued: 'placed',
  initiated: 'placed',
  ringing: 'ringing',
  'in-progress': 'answered',
  answered: 'answered',
  completed: 'completed',
  busy: 'busy',
  'no-answer': 'no-answer',
  failed: 'failed',
  canceled: 'canceled',
};

/** Reports come late, twice and in any order: one that says less than what is known changes nothing. */
const RANK: Readonly<Record<State, number>> = {
  queued: 0,
  dialling: 1,
  unknown: 2,
  placed: 3,
  ringing: 4,
  answered: 5,
  completed: 6,
  busy: 6,
  'no-answer': 6,
  failed: 6,
  canceled: 6,
  refused: 6,
  expired: 6,
};

/** How long an attempt may be without a word from the carrier before it is asked. */
export const SILENT_FOR: Millis = 60_000;
/** A call that goes on is asked about this often: reports get lost. */
const ASK_EVERY: Millis = 300_000;
/** When its stream has ended a call is over, or has another one soon: its end is reported within this, or the report is lost. */
const REPORTED_WITHIN: Millis = 10_000;
/** After this long without a trace of it at the carrier, nobody will ever know. */
export const GIVE_UP_LOOKING: Millis = 10 * 60_000;

/** This process may ask the carrier for the next attempt, once it has written this. */
export function beginAttempt(call: OutCall, at: Millis): OutCall {
  const attempts = [...call.attempts, {at, state: 'dialling' as const}];
  return {...call, state: 'dialling', reason: null, attempts, dueAt: at + SILENT_FOR};
}

/** The carrier has taken the attempt. */
export function placed(call: OutCall, number: number, callSid: string, at: Millis): OutCall {
  return reported(call, {attempt: number, callSid, status: 'queued'}, at);
}

/** The carrier has refused: no call was made. `again`: at this time it may be asked again. */
export function refused(call: OutCall, reason: string, at: Millis, again?: Millis): OutCall {
  // An attempt that was never made is none.
  const attempts = call.attempts.slice(0, -1);
  if (again !== undefined) return wait({...call, attempts, reason}, again);
  return finish({...call, attempts: [...attempts, {...last(call), state: 'refused' as const}]}, 'refused', at, reason);
}

/** What the carrier reports of one attempt. */
export interface CarrierReport {
  /** Which attempt, from 1. */
  readonly attempt: number;
  readonly callSid: string;
  /** In Twilio's words. */
  readonly status: string;
  readonly answeredBy?: string | undefined;
}

/** A report of the carrier. What is old, double or of another call changes nothing: the call itself is returned. */
export function reported(call: OutCall, {attempt: number, callSid, status}: CarrierReport, at: Millis): OutCall {
  const attempt = call.attempts[number - 1];
  const state = OF_CARRIER[status];
  if (!attempt || state === undefined) return call;
  // One attempt is one call: the first CallSid that was heard of counts.
  if (attempt.callSid !== undefined && attempt.callSid !== callSid) return call;
  const isNews = RANK[state] > RANK[attempt.state] || attempt.callSid === undefined;
  if (!isNews) return call;
  const known: Attempt = {...attempt, callSid, state: RANK[state] > RANK[attempt.state] ? state : attempt.state};
  const next = {...call, attempts: call.attempts.with(number - 1, known)};
  // An older attempt is history: it cannot change what the call is doing now.
  if (number !== call.attempts.length || known.state === attempt.state) return next;
  if (RANK[state] < RANK.completed)
    return tell(
      {...next, state, reason: null, dueAt: at + (state === 'answered' ? ASK_EVERY : SILENT_FOR)},
      state,
      at,
      {
        callSid,
        attempt: number,
      },
    );
  const isTried = call.attempts.length >= call.attemptsAtMost;
  const again = at + call.retryAfterMs;
  if ((state === 'busy' || state === 'no-answer') && !isTried && call.to !== null && again < call.deadline)
    return wait(tell({...next, reason: state}, state, at, {callSid, attempt: number, again: true}), again);
  return finish(next, state, at, null, {callSid, attempt: number});
}

/** The stream of this call of the carrier's has ended. */
export function streamEnded(call: OutCall, callSid: string, at: Millis): OutCall {
  const isTalkedOn = call.state === 'answered' && call.attempts.at(-1)?.callSid === callSid;
  const askAt = at + REPORTED_WITHIN;
  return isTalkedOn && call.dueAt !== null && call.dueAt > askAt ? {...call, dueAt: askAt} : call;
}

/** What machine detection says of one attempt. */
export function detected(call: OutCall, {attempt: number, answeredBy}: CarrierReport, at: Millis): OutCall {
  const attempt = call.attempts[number - 1];
  if (!attempt || answeredBy === undefined || attempt.answeredBy === answeredBy) return call;
  const attempts = call.attempts.with(number - 1, {...attempt, answeredBy: answeredBy.slice(0, 40)});
  const next = {...call, attempts};
  const told = {type: 'call-out.answered-by', at, data: {attempt: number, answeredBy: answeredBy.slice(0, 40)}};
  return {...next, events: [...next.events, told]};
}

/** Nobody can say whether the carrier has taken the attempt. */
export function lost(call: OutCall, at: Millis): OutCall {
  return finish(
    {...call, attempts: [...call.attempts.slice(0, -1), {...last(call), state: 'unknown' as const}]},
    'unknown',
    at,
    'nobody can say whether it was made: it is not made again',
  );
}

export function cancelled(call: OutCall, at: Millis): OutCall {
  return finish(call, 'canceled', at, 'canceled before it was made');
}

/** The call is over. Its number is forgotten. */
export function finish(
  call: OutCall,
  state: State,
  at: Millis,
  reason: string | null,
  data: Readonly<Record<string, unknown>> = {},
): OutCall {
  const why = reason === null ? {} : {reason};
  return tell({...call, state, reason, to: null, variables: {}, dueAt: null}, state, at, {...data, ...why});
}

export function wait(call: OutCall, until: Millis): OutCall {
  return {...call, state: 'queued', dueAt: until};
}

function tell(call: OutCall, state: State, at: Millis, data: Readonly<Record<string, unknown>>): OutCall {
  return {...call, events: [...call.events, event(state, at, data)]};
}

function last(call: OutCall): Attempt {
  const attempt = call.attempts.at(-1);
  if (!attempt) throw new Error('there is no attempt');
  return attempt;
}

export const isOver = ({state}: Pick<OutCall, 'state'>): boolean => FINAL.has(state);
