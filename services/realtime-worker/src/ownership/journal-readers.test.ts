import {expect, test} from 'vitest';
import {JOURNAL_FORMAT} from '../events/journal-entry.ts';
import {JournalReaders} from './journal-readers.ts';

test('journals are compacted and sealed only while every worker of the fleet can read that, and at least this one is known', () => {
  const readers = new JournalReaders();
  const may = () => [readers.mayCompact, readers.maySeal];
  expect(may()).toEqual([false, false]);
  readers.look([{journalFormat: JOURNAL_FORMAT}, {journalFormat: 4}]);
  expect(may()).toEqual([true, true]);
  readers.look([{journalFormat: JOURNAL_FORMAT}, {journalFormat: 2}]); // a rollback: a worker of an older version joins
  expect(may()).toEqual([true, false]);
  readers.look([{journalFormat: JOURNAL_FORMAT}, {}]); // and one that is older still
  expect(may()).toEqual([false, false]);
  readers.look([{journalFormat: JOURNAL_FORMAT}]);
  expect(may()).toEqual([true, true]);
});

test('a Redis that has just lost the fleet changes nothing', () => {
  const readers = new JournalReaders();
  readers.look([{journalFormat: JOURNAL_FORMAT}]);
  readers.look([]);
  expect(readers.maySeal).toBe(true);
});
