import {readFileSync} from 'node:fs';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {BUSY, demandOf, fleetFor, MESSAGES_PER_SHARD} from './rule.ts';
import {tables} from './tables.ts';

/** The formatter pads the cells of a table. */
const plain = (text: string) => text.replaceAll(/ +/g, ' ').replaceAll(/-+/g, '-');

test('an operator who plans by docs/SCALING.md plans by the rule that is measured', () => {
  const document = plain(readFileSync('docs/SCALING.md', 'utf8'));
  for (const table of tables().split('\n\n'))
    for (const line of table.split('\n')) expect(document).toContain(plain(line));
});

test('an operator who needs more calls never needs less of anything, and no shard is busier than planned', () => {
  expect(BUSY).toBeLessThan(1);
  const calls = fc.integer({min: 1, max: 40_000});
  fc.assert(
    fc.property(calls, calls, (one, other) => {
      const [few, many] = [fleetFor(Math.min(one, other)), fleetFor(Math.max(one, other))];
      expect(many.workers).toBeGreaterThanOrEqual(few.workers);
      expect(many.shards).toBeGreaterThanOrEqual(few.shards);
      const {published, delivered} = demandOf(many);
      expect((published + delivered) / 2).toBeLessThanOrEqual(many.shards * MESSAGES_PER_SHARD);
      expect(many.shards).not.toBe(2);
    }),
    {numRuns: 50},
  );
});
