import {randomBytes} from 'node:crypto';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {callTools} from '@voicebridge/shared/redis/keys.ts';
import {afterAll, describe, expect, inject, test} from 'vitest';
import {RedisToolLedger} from './redis-tool-ledger.ts';
import {MemoryToolLedger, type ToolLedger} from './tool-ledger.ts';

const log = createLog('test', {level: 'silent'});
const found = {kind: 'output', output: 'Monday'} as const;
const call = () => CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
const [one, other] = [
  {attempt: 'worker-1:1', wall: 1_000},
  {attempt: 'worker-2:2', wall: 5_000},
];

function describeLedger(kind: string, make: () => ToolLedger): void {
  describe(`the tools of a call, ${kind}`, () => {
    test('one owner begins a tool, however often and by however many it is tried', async () => {
      const [ledger, sid] = [make(), call()];
      const tried = Array.from({length: 20}, (_, n) => ledger.begin(sid, 'c1', {attempt: `worker-${n}:1`, wall: n}));
      const states = (await Promise.all(tried)).map(({state}) => state);
      expect(states.filter(state => state === 'begun')).toHaveLength(1);
      expect(states.filter(state => state === 'running')).toHaveLength(19);
    });

    test('an owner whose question got no answer asks again, and has begun it', async () => {
      const [ledger, sid] = [make(), call()];
      await ledger.begin(sid, 'c1', one);
      expect(await ledger.begin(sid, 'c1', {...one, wall: 2_000})).toEqual({state: 'begun'});
      expect(await ledger.begin(sid, 'c1', other)).toEqual({state: 'running', sinceWall: 1_000});
      expect(await ledger.begin(sid, 'c2', other)).toEqual({state: 'begun'});
    });

    test('the first result counts, whoever brings another one, until the call is over', async () => {
      const [ledger, sid] = [make(), call()];
      await ledger.begin(sid, 'c1', one);
      expect(await ledger.result(sid, 'c1')).toBeUndefined();
      expect(await ledger.finish(sid, 'c1', found)).toEqual(found);
      expect(await ledger.finish(sid, 'c1', {kind: 'failed', output: 'late'})).toEqual(found);
      expect(await ledger.begin(sid, 'c1', other)).toEqual({state: 'finished', outcome: found});
      expect(await ledger.result(sid, 'c1')).toEqual(found);
      await ledger.forget(sid);
      expect(await ledger.result(sid, 'c1')).toBeUndefined();
    });
  });
}

describeLedger('in memory', () => new MemoryToolLedger());

describe.each(inject('redisKinds'))('on $kind', ({kind, url}) => {
  const redis = openRedis(url, 'commands', log);
  afterAll(() => redis.disconnect());
  describeLedger(`in ${kind}`, () => new RedisToolLedger(redis));

  const sealing = (key: string, mayWrite = true) => ({
    sealOf: (sid: CallSid) => new FleetKey([key], Date.now).textSeal(sid),
    mayWrite: () => mayWrite,
  });
  const [ours, foreign] = ['0'.repeat(64), '1'.repeat(64)];
  describeLedger(`sealed in ${kind}`, () => new RedisToolLedger(redis, sealing(ours)));

  test('nobody reads in Redis what a tool answered; without the key it is as if nothing was answered', async () => {
    const sid = call();
    await new RedisToolLedger(redis, sealing(ours)).finish(sid, 'c1', found);
    expect(JSON.stringify(await redis.hgetall(callTools(sid)))).not.toContain('Monday');
    expect(await new RedisToolLedger(redis, sealing(foreign)).result(sid, 'c1')).toBeUndefined();
    // A worker that may not write sealed results reads them all the same.
    expect(await new RedisToolLedger(redis, sealing(ours, false)).result(sid, 'c1')).toEqual(found);
  });

  test('what is known of the tools of a call expires', async () => {
    const sid = call();
    await new RedisToolLedger(redis).begin(sid, 'c1', one);
    expect(await redis.ttl(callTools(sid))).toBeGreaterThan(500);
  });
});
