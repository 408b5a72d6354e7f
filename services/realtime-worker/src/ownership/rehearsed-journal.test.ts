import {ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {expect, test} from 'vitest';
import {JournalEntry, readJournal} from '../events/journal-entry.ts';
import {restoreCall} from '../journal/restore-call.ts';
import {rehearsedJournal} from './rehearsed-journal.ts';

/** Of calls in which something rare happened, or that are over. */
const RARE = [
  'pressed',
  'cutRefused',
  'notes',
  'assistant',
  'keys',
  'recording',
  'captured',
  'disclosed',
  'answeredBy',
  'failover',
  'frames',
  'held',
  'away',
  'ended',
];
const [owner, edge] = [ProcessId.parse('worker-0001'), ProcessId.parse('edge-0001')];
const journalOf = (isCompacted: boolean) =>
  rehearsedJournal({streamSid: 'MZ1', owner, edge, wall: 1_000_000, isCompacted});

test('a worker that rehearses reads each kind of entry that a call in conversation has', () => {
  const kinds = JournalEntry.options.flatMap(({shape}) => [...shape.is.values]);
  const rehearsed = new Set([...journalOf(false), ...journalOf(true)].map(({is}) => is));
  expect(kinds.filter(kind => !rehearsed.has(kind))).toEqual(RARE);
});

test.each([true, false])(
  'what it rehearses with is a journal that a worker can go on from (compacted: %s)',
  isCompacted => {
    const lines = journalOf(isCompacted).map(entry => JSON.stringify(entry));
    expect(readJournal(lines)).toHaveLength(lines.length);
    expect(restoreCall(readJournal(lines), 1_000_100)).toMatchObject({answerOwed: true, greeted: true, turns: 8});
  },
);
