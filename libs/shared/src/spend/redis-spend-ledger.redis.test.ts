import {randomBytes, randomInt} from 'node:crypto';
import fc from 'fast-check';
import {afterAll, describe, expect, inject, test} from 'vitest';
import {createLog} from '../observability/log.ts';
import {FleetKey} from '../protocol/fleet-key.ts';
import {CallSid} from '../protocol/ids.ts';
import {openRedis} from '../redis/connect.ts';
import {callsInProgress, CALL_TTL_S, SPENT_TTL_S, spentByCall, spentToday} from '../redis/keys.ts';
import {MemorySpendLedger} from './memory-spend-ledger.ts';
import {payerFacts, payerOf} from './payer.ts';
import {RedisSpendLedger} from './redis-spend-ledger.ts';
import {dayOf, LEASE_MS} from './spend-ledger.ts';
import {describeSpendLedger} from './spend-ledger.contract.ts';

const log = createLog('test', {level: 'silent'});
const DAY = 24 * 3_600_000;
const newSid = () => CallSid.parse(`CA${randomBytes(16).toString('hex')}`);

describe.each(inject('redisKinds'))('on $kind', ({kind, url}) => {
  const redis = openRedis(url, 'commands', log);
  const other = openRedis(url, 'commands', log);
  afterAll(() => {
    redis.disconnect();
    other.disconnect();
  });

  let turn = 0;
  describeSpendLedger(`in ${kind}`, wall => new RedisSpendLedger(turn++ % 2 ? redis : other, wall));

  test('every key of the ledger expires, and none holds a telephone number', async () => {
    const wall = (40_000 + randomInt(1_000_000)) * DAY;
    const callSid = newSid();
    const numbers = {caller: '+15550100001', callee: '+15550100002'};
    const keyed = payerFacts(numbers, new FleetKey(['a key of this fleet'], Date.now));
    for (const facts of [keyed, payerFacts(numbers, new FleetKey([], Date.now))])
      expect(JSON.stringify(facts)).not.toMatch(/5550100/);
    const payer = payerOf({callSid, assistant: 'default', facts: keyed});
    await new RedisSpendLedger(redis, () => wall).charge(payer, {owner: 1, micros: 5, isOver: false});
    const keys = [
      [spentByCall(callSid), CALL_TTL_S],
      [spentToday(dayOf(wall)), SPENT_TTL_S],
      [callsInProgress('from', payer.caller), LEASE_MS / 1_000],
      [callsInProgress('to', payer.number), LEASE_MS / 1_000],
    ] as const;
    for (const [key, seconds] of keys) {
      const left = await redis.ttl(key);
      expect(left).toBeGreaterThan(seconds - 60);
      expect(left).toBeLessThanOrEqual(seconds);
    }
    expect(await redis.hgetall(spentToday(dayOf(wall)))).toEqual({
      all: '5',
      'assistant:default': '5',
      [`caller:${payer.caller}`]: '5',
    });
  });

  test('Redis keeps the same accounts as the reference, whatever happens to calls, callers and days', async () => {
    const amounts = {call: 0, caller: 400, assistant: 900, day: 2_000};
    // Calls of callers who withhold their number are in one place for all runs, so that limit is tested by the contract.
    const limits = {...amounts, 'calls-of-caller': 2, 'calls-withheld': 0, 'calls-of-number': 4};
    const step = fc.record({
      do: fc.constantFrom('admit', 'charge', 'charge', 'end'),
      call: fc.nat(7),
      owner: fc.integer({min: 1, max: 3}),
      micros: fc.nat(300),
      later: fc.constantFrom(0, 0, 1_000, LEASE_MS / 2, LEASE_MS, DAY / 3),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, {maxLength: 25}), async steps => {
        const time = {wall: (40_000 + randomInt(1_000_000)) * DAY};
        const wall = () => time.wall;
        const ledgers = [new RedisSpendLedger(redis, wall), new MemorySpendLedger(wall)];
        const salt = randomBytes(4).toString('hex');
        const payers = Array.from({length: 8}, (_, index) => {
          const numbers = {caller: index < 6 ? `c${index % 3}${salt}` : undefined, callee: `n${index % 2}${salt}`};
          const facts = payerFacts(numbers, new FleetKey([], Date.now));
          return payerOf({callSid: newSid(), assistant: index % 4 === 0 ? 'survey' : 'default', facts});
        });
        for (const {call, owner, micros, later, ...step} of steps) {
          time.wall += later;
          const payer = payers[call]!;
          const [ours, reference] = await Promise.all(
            ledgers.map(ledger =>
              step.do === 'admit'
                ? ledger.admit(payer, limits)
                : ledger.charge(payer, {owner, micros, isOver: step.do === 'end'}),
            ),
          );
          expect(ours).toEqual(reference);
        }
      }),
      {numRuns: 40},
    );
  });
});
