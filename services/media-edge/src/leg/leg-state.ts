import {unreachable} from '@voicebridge/shared/errors.ts';
import type {CarrierMessage, Started} from '../carriers/carrier.ts';
import type {CallSid, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/**
 * One socket of a carrier, from its opening to its end.
 *
 *   awaitingStart ──started──> admitting ──worker found──> bridged ──stop, loss, close──> over
 *                                                               └──migrate──> leaving ─────┘
 */
export type Leg =
  | {readonly state: 'awaitingStart'; readonly openedAt: Millis}
  | (Stream & {readonly state: 'admitting'; readonly startedAt: Millis})
  | (Stream & {readonly state: 'bridged'; stalledSince: Millis | undefined})
  | (Stream & {readonly state: 'leaving'; readonly deadline: Millis})
  | {readonly state: 'over'};

export interface Stream {
  readonly callSid: CallSid;
  readonly streamSid: StreamSid;
  /** When the peer last sent anything, a pong included. */
  lastSeenAt: Millis;
  /** When audio last came. */
  mediaAt: Millis;
  /** The highest number of a message so far. */
  sequence: number;
}

/** What to do with a message. `pass`: it belongs to the call. `odd`: it is counted and otherwise ignored. */
export type Verdict =
  | {readonly do: 'begin'; readonly start: Started}
  | {readonly do: 'pass'; readonly odd?: 'outOfOrder'}
  | {readonly do: 'skip'}
  | {readonly do: 'odd'; readonly reason: 'foreignStream' | 'secondStart'}
  | {readonly do: 'end'}
  | {readonly do: 'close'; readonly code: number; readonly reason: string};

const PASS: Verdict = {do: 'pass'};
const SKIP: Verdict = {do: 'skip'};

/** Messages as close reasons name them. */
const WORDS = {audio: 'media', markReturned: 'mark', digit: 'dtmf'} as const;

/** The carrier said which call this is. */
export function begin({callSid, streamSid, sequence = 1}: Started, at: Millis): Leg {
  return {state: 'admitting', callSid, streamSid, startedAt: at, lastSeenAt: at, mediaAt: at, sequence};
}

/** Whether a message fits the state of the leg. Notes when it came and its number. */
export function judge(leg: Leg, message: CarrierMessage, at: Millis): Verdict {
  switch (leg.state) {
    case 'awaitingStart':
      if (message.kind === 'connected') return SKIP;
      if (message.kind === 'started') return {do: 'begin', start: message};
      if (message.kind === 'stopped') return {do: 'end'};
      return {do: 'close', code: 1008, reason: `${WORDS[message.kind]} before start`};
    case 'admitting':
    case 'bridged':
    case 'leaving':
      return judgeInStream(leg, message, at);
    case 'over':
      return SKIP;
    default:
      return unreachable(leg);
  }
}

function judgeInStream(leg: Stream, message: CarrierMessage, at: Millis): Verdict {
  if (message.kind === 'connected') return SKIP;
  if (message.kind === 'started') return {do: 'odd', reason: 'secondStart'};
  if ((message.streamSid ?? leg.streamSid) !== leg.streamSid) return {do: 'odd', reason: 'foreignStream'};
  leg.lastSeenAt = at;
  if (message.kind === 'stopped') return {do: 'end'};
  if (message.kind === 'audio') leg.mediaAt = at;
  const sequence = message.sequence ?? leg.sequence + 1;
  // TCP keeps the order, so the peer sent it this way. Its audio is used all the same, in the order in which it came.
  const odd = sequence <= leg.sequence;
  leg.sequence = Math.max(leg.sequence, sequence);
  return odd ? {do: 'pass', odd: 'outOfOrder'} : PASS;
}
