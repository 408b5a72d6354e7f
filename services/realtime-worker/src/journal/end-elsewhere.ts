import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import {outcomeOf} from '@voicebridge/shared/protocol/away.ts';
import {overOf} from '@voicebridge/shared/protocol/call-over.ts';
import type {JournalEntry} from '../events/journal-entry.ts';

type Absent = Extract<JournalEntry, {is: 'away'}>;

/**
 * What is missing in the journal of a call that ended while it had no owner: the webhook knew how, and wrote it into the
 * facts of the call. `wall`: Unix milliseconds, where the webhook has noted no time.
 */
export function endElsewhere(
  entries: readonly JournalEntry[],
  call: Pick<CallEntry, 'facts'>,
  wall: number,
): readonly JournalEntry[] {
  if (entries.some(({is}) => is === 'ended')) return [];
  const absence = endInAbsence(entries, call, wall);
  if (absence.length > 0) return absence;
  const over = overOf(call);
  return over ? [{is: 'ended', reason: over.why, wall: over.wall}] : [];
}

/** A person took the caller while they were away from the assistant. */
function endInAbsence(
  entries: readonly JournalEntry[],
  call: Pick<CallEntry, 'facts'>,
  wall: number,
): readonly JournalEntry[] {
  const last = entries.findLast((entry): entry is Absent => entry.is === 'away');
  const snapshot = entries[0]?.is === 'snapshot' ? entries[0].call.away?.record : undefined;
  const away = last?.away ?? snapshot;
  if (!away || away.outcome !== null) return [];
  if (outcomeOf(call, away.away) !== 'accepted') return [];
  return [
    {is: 'away', away: {...away, outcome: 'accepted'}, wall},
    {is: 'ended', reason: 'assistant.transferred', wall},
  ];
}
