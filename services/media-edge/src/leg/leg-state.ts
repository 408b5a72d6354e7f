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

interface Stream {
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

/** How long a socket may stay open before its start message. */
export const START_WITHIN_MS = 3_000;
/** How long a caller waits for Redis and a worker at the beginning; a Redis failover may take five seconds. */
export const ADMIT_WITHIN_MS = 10_000;
/** Carriers send audio all the time; after so long without any the peer is pinged. */
export const PING_AFTER_MS = 1_000;
/** Neither messages nor pongs for so long: the connection is dead, although TCP has not noticed. */
export const DEAD_AFTER_MS = 4_000;
/** A peer that reads too slowly may have more than this many bytes unread, for at most this long. */
export const STALLED_BYTES = 1_000_000;
export const STALLED_MS = 5_000;
/** With more unread bytes than this the leg is given up at once. */
const HOPELESS_BYTES = 16_000_000;

/** Why a leg cannot go on. `lost`: the peer is not reachable, so the connection is cut without a close frame. */
export interface Overdue {
  readonly code: number;
  readonly reason: string;
  readonly lost: boolean;
}

/** Whether a limit of time or unread bytes is exceeded. `bufferedBytes`: sent and not read by the peer yet. */
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
  return at - leg.lastSeenAt > DEAD_AFTER_MS ? {code: 1001, reason: 'no sign of life', lost: true} : undefined;
}

/**
 * This process was stopped until now. That time is no silence of the peer: what it sent or read meanwhile has not been
 * processed yet.
 */
export function resetLiveness(leg: Leg, at: Millis): void {
  if ('lastSeenAt' in leg) leg.lastSeenAt = at;
  if (leg.state === 'bridged') leg.stalledSince = undefined;
}

/** Whether the peer should be pinged. */
export function wantsPing(leg: Leg, at: Millis): boolean {
  return 'mediaAt' in leg && at - leg.mediaAt > PING_AFTER_MS;
}
