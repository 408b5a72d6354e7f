import {expect, test} from 'vitest';
import {JournalReaders} from './journal-readers.ts';

test('journals are compacted only while every worker of the fleet can read that, and at least this one is known', () => {
  const readers = new JournalReaders();
  expect(readers.mayCompact).toBe(false);
  readers.look([{journalFormat: 2}, {journalFormat: 3}]);
  expect(readers.mayCompact).toBe(true);
  readers.look([{journalFormat: 2}, {}]); // a rollback: a worker of an older version joins
  expect(readers.mayCompact).toBe(false);
  readers.look([{journalFormat: 2}]);
  expect(readers.mayCompact).toBe(true);
  readers.look([]);
  expect(readers.mayCompact).toBe(false);
});
