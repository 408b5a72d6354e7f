import type {Millis} from '@voicebridge/shared/time.ts';
import type {SnapshotSaid} from '../events/call-snapshot.ts';

/** Audio that was played for so long is certainly not in Twilio's buffer. */
const PLAYED_FOR: Millis = 60_000;

/** What Twilio was given and, as far as the journal tells, has not dropped. */
export type TwilioBuffer =
  | {readonly state: 'filled'; readonly said: SnapshotSaid[]}
  /** It was dropped at `wall`. What was heard of it is not written yet. */
  | {readonly state: 'cleared'; readonly said: readonly SnapshotSaid[]; readonly wall: number};

/** How far each item was heard that was still playing when Twilio's buffer was dropped, piece after piece. */
export function truncationsWhenCleared(
  said: readonly SnapshotSaid[],
  wall: number,
): {readonly id: string; readonly heardMs: Millis}[] {
  const cuts = new Map<string, Millis>();
  let free = 0;
  for (const piece of said) {
    const from = Math.max(free, piece.wall);
    free = from + piece.ms;
    if (free <= wall || cuts.has(piece.itemId)) continue;
    cuts.set(piece.itemId, Math.round(piece.itemFrom + Math.max(0, wall - from)));
  }
  return [...cuts].map(([id, heardMs]) => ({id, heardMs}));
}

/** Without the audio that ended long before `wall`, up to a moment at which the caller had heard everything so far. */
export function notLongPlayed(said: readonly SnapshotSaid[], wall: number): readonly SnapshotSaid[] {
  const limit = wall - PLAYED_FOR;
  let free = Number.NEGATIVE_INFINITY;
  let first = 0;
  for (const [place, piece] of said.entries()) {
    if (piece.wall >= free && free <= limit) first = place;
    free = Math.max(free, piece.wall) + piece.ms;
  }
  return said.slice(free <= limit ? said.length : first);
}
