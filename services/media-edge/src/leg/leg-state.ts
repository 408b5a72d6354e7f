import {unreachable} from '@voicebridge/shared/errors.ts';
import type {FromTwilio, TwilioStart} from '../carriers/twilio/from-twilio.ts';
import type {CallSid, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/**
 * One socket of Twilio's, from its opening to its end.
 *
 *   awaitingStart ──start──> admitting ──the fleet agrees──> bridged ──stop, loss, close──> over
 *                                                              └──migrate──> leaving ──────┘
 */
export type Leg =
  | {readonly state: 'awaitingStart'; readonly openedAt: Millis}
  | (Stream & {readonly state: 'admitting'; readonly startedAt: Millis})
  | (Stream & {readonly state: 'bridged'; stalledSince: Millis | undefined})
  | (Stream & {readonly state: 'leaving'; readonly deadline: Millis})
  | {readonly state: 'over'};

interface Stream {
  readonly callSid: CallSid;
  readonly streamSid: StreamSid;
  /** When anything of the peer last came, its answer to a ping included. */
  heardAt: Millis;
  /** When the caller's audio last came. */
  mediaAt: Millis;
  sequence: number;
}

/** What is to be done about a message. `pass`: it belongs to the call. `odd`: counted, and nothing else. */
export type Verdict =
  | {readonly do: 'begin'; readonly start: TwilioStart}
  | {readonly do: 'pass'; readonly odd?: 'outOfOrder'}
  | {readonly do: 'skip'}
  | {readonly do: 'odd'; readonly reason: 'foreignStream' | 'secondStart'}
  | {readonly do: 'end'}
  | {readonly do: 'close'; readonly code: number; readonly reason: string};

const PASS: Verdict = {do: 'pass'};
const SKIP: Verdict = {do: 'skip'};

/** Twilio said which call this is. */
export function begin({start, sequenceNumber}: TwilioStart, at: Millis): Leg {
  const sequence = Number(sequenceNumber ?? 1);
  const {callSid, streamSid} = start;
  return {state: 'admitting', callSid, streamSid, startedAt: at, heardAt: at, mediaAt: at, sequence};
}

/** A message that Twilio may send came: does it fit where this leg is? */
export function judge(leg: Leg, message: FromTwilio, at: Millis): Verdict {
  switch (leg.state) {
    case 'awaitingStart':
      if (message.event === 'connected') return SKIP;
      if (message.event === 'start') return {do: 'begin', start: message};
      if (message.event === 'stop') return {do: 'end'};
      return {do: 'close', code: 1008, reason: `${message.event} before start`};
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

function judgeInStream(leg: Stream, message: FromTwilio, at: Millis): Verdict {
  if (message.event === 'connected') return SKIP;
  if (message.event === 'start') return {do: 'odd', reason: 'secondStart'};
  if ((message.streamSid ?? leg.streamSid) !== leg.streamSid) return {do: 'odd', reason: 'foreignStream'};
  leg.heardAt = at;
  if (message.event === 'stop') return {do: 'end'};
  if (message.event === 'media') leg.mediaAt = at;
  const sequence = Number(message.sequenceNumber ?? leg.sequence + 1);
  // TCP keeps the order, so this is the peer's own doing; its audio still is the caller's, in the order it was sent.
  const odd = sequence <= leg.sequence;
  leg.sequence = Math.max(leg.sequence, sequence);
  return odd ? {do: 'pass', odd: 'outOfOrder'} : PASS;
}

/** How long a socket may stay without saying which call it is for. */
export const START_WITHIN_MS = 3_000;
/** How long a caller waits for Redis or a worker at the beginning; Redis may be away for five seconds. */
export const ADMIT_WITHIN_MS = 10_000;
/** Twilio sends audio all the time: after so long without any it is asked for a sign of life. */
export const PING_AFTER_MS = 1_000;
/** Neither audio nor an answer to pings for so long: the socket is dead, though nobody told us. */
export const DEAD_AFTER_MS = 4_000;
/** So much may wait in front of a reader that fell behind, and for so long. */
export const STALLED_BYTES = 1_000_000;
export const STALLED_MS = 5_000;
/** More than this is not a slow reader any more. */
const HOPELESS_BYTES = 16_000_000;

/** Why a leg cannot go on. `lost`: there is nobody at the other end to say goodbye to. */
export interface Overdue {
  readonly code: number;
  readonly reason: string;
  readonly lost: boolean;
}

/** Time passed and `bufferedBytes` wait in front of the socket: is this leg past what it may be? */
export function overdue(leg: Leg, bufferedBytes: number, at: Millis): Overdue | undefined {
  switch (leg.state) {
    case 'awaitingStart':
      return at - leg.openedAt > START_WITHIN_MS ? {code: 1008, reason: 'no start message', lost: false} : undefined;
    case 'admitting':
      if (at - leg.startedAt > ADMIT_WITHIN_MS) return {code: 1011, reason: 'no worker in time', lost: false};
      return silent(leg, at);
    case 'bridged':
      if (bufferedBytes > STALLED_BYTES) leg.stalledSince ??= at;
      else leg.stalledSince = undefined;
      if (bufferedBytes > HOPELESS_BYTES || at - (leg.stalledSince ?? at) > STALLED_MS) {
        return {code: 1008, reason: 'the reader fell behind', lost: true};
      }
      return silent(leg, at);
    case 'leaving':
      return at > leg.deadline ? {code: 1000, reason: 'drain deadline', lost: false} : silent(leg, at);
    case 'over':
      return undefined;
    default:
      return unreachable(leg);
  }
}

function silent(leg: Stream, at: Millis): Overdue | undefined {
  return at - leg.heardAt > DEAD_AFTER_MS ? {code: 1001, reason: 'no sign of life', lost: true} : undefined;
}

/** We slept until now: that is no silence of the peer, and what it said or read meanwhile is not known yet. */
export function resetLiveness(leg: Leg, at: Millis): void {
  if ('heardAt' in leg) leg.heardAt = at;
  if (leg.state === 'bridged') leg.stalledSince = undefined;
}

/** Whether the peer should be asked for a sign of life. */
export function wantsPing(leg: Leg, at: Millis): boolean {
  return 'mediaAt' in leg && at - leg.mediaAt > PING_AFTER_MS;
}
