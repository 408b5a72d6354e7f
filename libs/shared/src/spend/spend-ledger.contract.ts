import {randomBytes, randomInt} from 'node:crypto';
import {describe, expect, test} from 'vitest';
import {FleetKey} from '../protocol/fleet-key.ts';
import {CallSid} from '../protocol/ids.ts';
import type {Limits} from './limits.ts';
import {payerFacts, payerOf, type Payer} from './payer.ts';
import {LEASE_MS, type SpendLedger} from './spend-ledger.ts';

const DAY = 24 * 3_600_000;
const NONE: Limits = {
  call: 0,
  caller: 0,
  assistant: 0,
  day: 0,
  'calls-of-caller': 0,
  'calls-withheld': 0,
  'calls-of-number': 0,
};
const key = new FleetKey(['a key of this fleet'], Date.now);

/** What every ledger does; `make` gets Unix milliseconds, of a day that no other test has. */
export function describeSpendLedger(name: string, make: (wall: () => number) => SpendLedger): void {
  describe(`a ledger ${name}`, () => {
    const setUp = () => {
      const time = {wall: (40_000 + randomInt(1_000_000)) * DAY + DAY / 2};
      return {time, ledger: make(() => time.wall)};
    };
    const payer = (numbers: {caller?: string; callee?: string} = {}): Payer => {
      const callSid = CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
      const facts = payerFacts({caller: numbers.caller, callee: numbers.callee}, key);
      return payerOf({callSid, assistant: 'default', facts});
    };
    const somebody = () => `+1555${String(randomInt(10_000_000)).padStart(7, '0')}`;
    const owner = (epoch: number, micros: number, isOver = false) => ({owner: epoch, micros, isOver});

    test('a caller who calls twice at a time is refused the third call until one is over', async () => {
      const {ledger} = setUp();
      const limits = {...NONE, 'calls-of-caller': 2};
      const caller = somebody();
      const [first, second, third] = [payer({caller}), payer({caller}), payer({caller})];
      expect(await ledger.admit(first, limits)).toMatchObject({admitted: true});
      expect(await ledger.admit(second, limits)).toMatchObject({admitted: true});
      expect(await ledger.admit(second, limits)).toMatchObject({admitted: true});
      expect(await ledger.admit(third, limits)).toEqual({admitted: false, limit: 'calls-of-caller'});
      expect(await ledger.admit(payer({caller: somebody()}), limits)).toMatchObject({admitted: true});
      await ledger.charge(first, owner(1, 0, true));
      expect(await ledger.admit(third, limits)).toMatchObject({admitted: true});
    });

    test('a number has as many calls at a time as it may have, whoever calls it', async () => {
      const {ledger} = setUp();
      const limits = {...NONE, 'calls-of-number': 1};
      const callee = somebody();
      expect(await ledger.admit(payer({callee}), limits)).toMatchObject({admitted: true});
      expect(await ledger.admit(payer({callee, caller: somebody()}), limits)).toEqual({
        admitted: false,
        limit: 'calls-of-number',
      });
    });

    test('a call of which nobody says any more that it goes on keeps no other one out', async () => {
      const {ledger, time} = setUp();
      const limits = {...NONE, 'calls-of-caller': 1};
      const caller = somebody();
      const [first, second] = [payer({caller}), payer({caller})];
      await ledger.admit(first, limits);
      time.wall += LEASE_MS - 1;
      await ledger.charge(first, owner(1, 0));
      time.wall += LEASE_MS - 1;
      expect(await ledger.admit(second, limits)).toMatchObject({admitted: false});
      time.wall += 2;
      expect(await ledger.admit(second, limits)).toMatchObject({admitted: true});
    });

    test('what a call costs goes on with its next owner, and counts once however often it is said', async () => {
      const {ledger} = setUp();
      const call = payer({caller: somebody()});
      expect(await ledger.charge(call, owner(1, 300))).toEqual({call: 300, caller: 300, assistant: 300, day: 300});
      await ledger.charge(call, owner(1, 500));
      await ledger.charge(call, owner(1, 500));
      await ledger.charge(call, owner(3, 40));
      // The first owner was only slow, and what it said arrives once more, in any order.
      await ledger.charge(call, owner(1, 300));
      await ledger.charge(call, owner(1, 510));
      expect(await ledger.charge(call, owner(3, 40))).toEqual({call: 550, caller: 550, assistant: 550, day: 550});
    });

    test('a caller who has spent what there is for a day is refused until midnight (UTC), a stranger is not', async () => {
      const {ledger, time} = setUp();
      const limits = {...NONE, caller: 1_000};
      const caller = somebody();
      await ledger.charge(payer({caller}), owner(1, 799));
      expect(await ledger.admit(payer({caller}), limits)).toEqual({admitted: true, near: []});
      await ledger.charge(payer({caller}), owner(1, 1));
      expect(await ledger.admit(payer({caller}), limits)).toEqual({admitted: true, near: ['caller']});
      await ledger.charge(payer({caller}), owner(1, 200));
      expect(await ledger.admit(payer({caller}), limits)).toEqual({admitted: false, limit: 'caller'});
      expect(await ledger.admit(payer({caller: somebody()}), limits)).toMatchObject({admitted: true});
      time.wall += DAY / 2;
      expect(await ledger.admit(payer({caller}), limits)).toEqual({admitted: true, near: []});
    });

    test('the money of an assistant and of the day is everybody’s', async () => {
      const {ledger} = setUp();
      const other = {...payer({caller: somebody()}), assistant: 'survey'};
      await ledger.charge(other, owner(1, 600));
      await ledger.charge(payer(), owner(1, 400));
      expect(await ledger.admit(payer(), {...NONE, assistant: 400})).toEqual({admitted: false, limit: 'assistant'});
      expect(await ledger.admit(payer(), {...NONE, assistant: 401, day: 1_000})).toEqual({
        admitted: false,
        limit: 'day',
      });
      expect(await ledger.admit(payer(), {...NONE, day: 1_001})).toEqual({admitted: true, near: ['day']});
    });

    test('callers who withhold their number are not one caller', async () => {
      const {ledger} = setUp();
      const limits = {...NONE, caller: 10, 'calls-of-caller': 1, 'calls-of-number': 1};
      await ledger.charge(payer({caller: 'anonymous'}), owner(1, 100));
      for (let call = 0; call < 3; call += 1)
        expect(await ledger.admit(payer({caller: 'anonymous'}), limits)).toMatchObject({admitted: true});
    });

    test('callers who withhold their number have as many calls at a time as all of them may, and nobody else counts', async () => {
      const {ledger, time} = setUp();
      const limits = {...NONE, 'calls-of-caller': 1, 'calls-withheld': 2};
      // In Redis all tests share these calls; those of other days are long over.
      time.wall += 1_000_000 * DAY;
      const [first, second, third] = [
        payer({caller: 'anonymous'}),
        payer(),
        payer({caller: 'sip:anonymous@anonymous.invalid'}),
      ];
      for (const call of [first, second, second])
        expect(await ledger.admit(call, limits)).toMatchObject({admitted: true});
      expect(await ledger.admit(third, limits)).toEqual({admitted: false, limit: 'calls-withheld'});
      expect(await ledger.admit(payer({caller: somebody()}), limits)).toMatchObject({admitted: true});
      await ledger.charge(second, owner(1, 0, true));
      expect(await ledger.admit(third, limits)).toMatchObject({admitted: true});
      await ledger.charge(first, owner(1, 0, true));
      await ledger.charge(third, owner(1, 0, true));
    });

    test('what a call costs around midnight is in the day in which it was said', async () => {
      const {ledger, time} = setUp();
      const call = payer();
      await ledger.charge(call, owner(1, 100));
      time.wall += DAY / 2;
      expect(await ledger.charge(call, owner(1, 150))).toMatchObject({call: 150, day: 50});
    });
  });
}
