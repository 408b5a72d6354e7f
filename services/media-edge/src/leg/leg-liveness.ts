import {unreachable} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Closing} from './closing.ts';
import type {Leg, Stream} from './leg-state.ts';

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
/** With more unread bytes than this, six minutes of audio, the leg is given up at once. */
export const HOPELESS_BYTES = 4_000_000;

/** Why a leg cannot go on. `lost`: the peer is not reachable, so the connection is cut without a close frame. */
export interface Overdue extends Closing {
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
