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
  | {readonly do: 'close'; readonly reason: string};

const PASS: Verdict = {do: 'pass'};
const SKIP: Verdict = {do: 'skip'};
const OUT_OF_ORDER: Verdict = {do: 'pass', odd: 'outOfOrder'};
const FOREIGN: Verdict = {do: 'odd', reason: 'foreignStream'};
const EARLY_AUDIO: Verdict = {do: 'close', reason: 'media before start'};

/** Messages as close reasons name them. */
const WORDS = {markReturned: 'mark', digit: 'dtmf'} as const;

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
      return {do: 'close', reason: `${WORDS[message.kind]} before start`};
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

/** The same for audio of the caller. */
export function judgeAudio(
  leg: Leg,
  streamSid: StreamSid | undefined,
  sequence: number | undefined,
  at: Millis,
): Verdict {
  if (leg.state === 'over') return SKIP;
  if (leg.state === 'awaitingStart') return EARLY_AUDIO;
  const verdict = judgePlace(leg, streamSid, sequence, at);
  if (verdict.do === 'pass') leg.mediaAt = at;
  return verdict;
}

function judgeInStream(leg: Stream, message: CarrierMessage, at: Millis): Verdict {
  if (message.kind === 'connected') return SKIP;
  if (message.kind === 'started') return {do: 'odd', reason: 'secondStart'};
  const verdict = judgePlace(leg, message.streamSid, message.sequence, at);
  return verdict.do === 'pass' && message.kind === 'stopped' ? {do: 'end'} : verdict;
}

function judgePlace(leg: Stream, streamSid: StreamSid | undefined, numbered: number | undefined, at: Millis): Verdict {
  if (streamSid !== undefined && streamSid !== leg.streamSid) return FOREIGN;
  leg.lastSeenAt = at;
  const sequence = numbered ?? leg.sequence + 1;
  // TCP keeps the order, so the peer sent it this way. Its audio is used all the same, in the order in which it came.
  const odd = sequence <= leg.sequence;
  leg.sequence = Math.max(leg.sequence, sequence);
  return odd ? OUT_OF_ORDER : PASS;
}
