import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import {outcomeOf} from '@voicebridge/shared/protocol/away.ts';
import type {JournalEntry} from '../events/journal-entry.ts';

type Absent = Extract<JournalEntry, {is: 'away'}>;

/**
 * What is missing in the journal of a call whose owner died while the caller was away, and whose caller a person took:
 * the webhook knew. `wall`: Unix milliseconds.
 */
export function endInAbsence(
  entries: readonly JournalEntry[],
  call: Pick<CallEntry, 'facts'>,
  wall: number,
): readonly JournalEntry[] {
  const last = entries.findLast((entry): entry is Absent => entry.is === 'away');
  const snapshot = entries[0]?.is === 'snapshot' ? entries[0].call.away?.record : undefined;
  const away = last?.away ?? snapshot;
  if (!away || away.outcome !== null || entries.some(({is}) => is === 'ended')) return [];
  if (outcomeOf(call, away.away) !== 'accepted') return [];
  return [
    {is: 'away', away: {...away, outcome: 'accepted'}, wall},
    {is: 'ended', reason: 'assistant.transferred', wall},
  ];
}
