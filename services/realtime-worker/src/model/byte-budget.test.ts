import fc from 'fast-check';
import {expect, test} from 'vitest';
import {ByteBudget} from './byte-budget.ts';

test('an answer of four minutes in the largest format may come at once, and one like it with each four minutes', () => {
  const budget = new ByteBudget(0);
  for (let at = 0; at < 3_600_000; at += 240_000) expect(budget.took(240 * 64_000, at)).toBe(true);
});

test('whatever a model sends: what is read before it has to wait is a minute and a half of audio a second', () => {
  const message = fc.record({wait: fc.nat({max: 500}), bytes: fc.nat({max: 100_000})});
  fc.assert(
    fc.property(fc.array(message, {maxLength: 200}), messages => {
      const budget = new ByteBudget(0);
      let [at, taken] = [0, 0];
      for (const {wait, bytes} of messages) {
        at += wait + budget.waitMs;
        expect(taken).toBeLessThanOrEqual(640_000 + at * 1_000 + 1);
        budget.took(bytes, at);
        taken += bytes;
      }
    }),
  );
});

test('whatever a model sends: what is taken stays below 24 MB and 128 kB a second', () => {
  const message = fc.record({wait: fc.nat({max: 2_000}), bytes: fc.nat({max: 8_000_000})});
  fc.assert(
    fc.property(fc.array(message, {maxLength: 100}), messages => {
      const budget = new ByteBudget(0);
      let [at, taken] = [0, 0];
      for (const {wait, bytes} of messages) {
        at += wait;
        if (!budget.took(bytes, at)) break;
        taken += bytes;
        expect(taken).toBeLessThanOrEqual(24_000_000 + at * 128);
      }
    }),
  );
});

test('whatever a model sends: no more than a thousand messages a second are read, after the first six hundred and forty', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({wait: fc.nat({max: 5}), bytes: fc.nat({max: 30})}), {maxLength: 2_000}),
      messages => {
        const budget = new ByteBudget(0);
        let [at, count] = [0, 0];
        for (const {wait, bytes} of messages) {
          at += wait + budget.waitMs;
          expect(count).toBeLessThanOrEqual(640 + at + 1);
          budget.took(bytes, at);
          count += 1;
        }
      },
    ),
    {examples: [[Array.from({length: 2_000}, () => ({wait: 0, bytes: 2}))]]},
  );
});
