import fc from 'fast-check';
import {expect, test} from 'vitest';
import {CallSid} from '../protocol/ids.ts';
import {nearOf, reachedOf, SPEND_LIMITS} from './limits.ts';
import {MemorySpendLedger} from './memory-spend-ledger.ts';
import {describeSpendLedger} from './spend-ledger.contract.ts';

describeSpendLedger('in memory', wall => new MemorySpendLedger(wall));

test('an operator is warned from four fifths of a limit on, and never of one that is not set', () => {
  const limits = {call: 100, caller: 100, assistant: 100, day: 0};
  const used = {call: 79, caller: 80, assistant: 100, day: 1_000_000};
  expect(nearOf(SPEND_LIMITS, used, limits)).toEqual(['caller']);
  expect(reachedOf(SPEND_LIMITS, used, limits)).toBe('assistant');
  expect(reachedOf(SPEND_LIMITS, {call: 0, caller: 0, assistant: 0, day: 0}, limits)).toBeUndefined();
});

/**
 * A fleet of owners that die, are woken up again, and say each charge any number of times, late or never. Each owner
 * spends what its turns cost, and says the sum.
 */
const turns = fc.array(
  fc.record({
    call: fc.nat(4),
    /** The owner before may still be at work: it was only slow. */
    owner: fc.nat(3),
    cost: fc.nat(1_000),
    said: fc.array(fc.nat(3), {maxLength: 3}),
  }),
  {maxLength: 60},
);

test('money is counted once, whichever owner spent it and however often, late or in which order it is said', async () => {
  await fc.assert(
    fc.asyncProperty(turns, async steps => {
      const ledger = new MemorySpendLedger(() => 0);
      const payer = (call: number) => ({
        callSid: CallSid.parse(`CA${String(call).padStart(32, '0')}`),
        assistant: 'default',
        caller: `caller ${call % 2}`,
        number: undefined,
      });
      const spent = new Map<string, number[]>();
      for (const {call, owner, cost, said} of steps) {
        const sums = spent.get(`${call} ${owner}`) ?? [0];
        sums.push((sums.at(-1) ?? 0) + cost);
        spent.set(`${call} ${owner}`, sums);
        // Each of the last charges of this owner may be lost, repeated or overtaken.
        for (const back of said)
          await ledger.charge(payer(call), {owner, micros: sums.at(-1 - back) ?? 0, isOver: false});
      }
      let day = 0;
      for (const [place, sums] of spent) {
        const [call = 0, owner = 0] = place.split(' ').map(Number);
        // An owner says everything once more when the call leaves it; the last word is enough.
        await ledger.charge(payer(call), {owner, micros: sums.at(-1) ?? 0, isOver: true});
        day += sums.at(-1) ?? 0;
      }
      const last = await ledger.charge(payer(0), {owner: 99, micros: 0, isOver: true});
      expect(last.day).toBe(day);
      const of = (mine: (call: number) => boolean) =>
        [...spent].reduce(
          (sum, [place, sums]) => sum + (mine(Number(place.split(' ')[0])) ? (sums.at(-1) ?? 0) : 0),
          0,
        );
      expect(last.call).toBe(of(call => call === 0));
      expect(last.caller).toBe(of(call => call % 2 === 0));
    }),
  );
});
