import {HOOKS_QUEUE, HOOKS_QUEUE_PREFIX} from '@voicebridge/shared/cdr/hooks-queue.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {Queue} from 'bullmq';
import {afterAll, beforeAll, describe, expect, inject, test} from 'vitest';
import {callsUnderKills} from './testing/calls-under-kills.ts';
import {MemoryOutCalls} from './testing/memory-out-calls.ts';
import {outCallStoreContract} from './testing/out-call-store.contract.ts';
import {RedisOutCalls} from './redis-out-calls.ts';

const log = createLog('test', {level: 'silent'});

describe('in memory', () => {
  const store = new MemoryOutCalls();
  outCallStoreContract(() => store);
});

describe.each(inject('redisKinds'))('on $kind', ({url}) => {
  const redis = openRedis(url, 'queue', log);
  let store: RedisOutCalls;
  const empty = async () => {
    const keys = await redis.zrange('{vb}:out:all', '0', '-1');
    await Promise.all(
      [
        ...keys.map(id => `{vb}:out:call:${id}`),
        ...['due', 'all', 'busy', 'turn', 'forbidden'].map(name => `{vb}:out:${name}`),
      ].map(async key => await redis.del(key)),
    );
  };
  beforeAll(async () => {
    await empty();
    store = new RedisOutCalls(redis);
  });
  afterAll(async () => {
    await empty();
    await store[Symbol.asyncDispose]();
    redis.disconnect();
  });

  outCallStoreContract(() => store);

  test('what others are to be told about a call is told once, however often it is handed over', async () => {
    const event = {
      id: `out.x${process.pid}.0`,
      subject: 'x',
      seq: 0,
      type: 'call-out.queued',
      at: 1_000,
      data: {id: 'x'},
    };
    await using queue = Object.assign(
      new Queue(HOOKS_QUEUE, {connection: redis, prefix: HOOKS_QUEUE_PREFIX, skipVersionCheck: true}),
      {
        async [Symbol.asyncDispose]() {},
      },
    );
    await store.tell(event);
    await store.tell(event);
    const jobs = (await queue.getJobs(['waiting', 'prioritized', 'delayed'])).filter(job => job.id === `d.${event.id}`);
    expect(jobs.map(({data}) => JSON.parse(data.event.body))).toEqual([
      {type: 'call-out.queued', timestamp: '1970-01-01T00:00:01.000Z', data: {id: 'x'}},
    ]);
    for (const job of jobs) await job.remove();
  });

  test('of many calls none is made twice or at night, though webhooks are killed at any moment', async () => {
    await empty();
    const seed = 7;
    const {calls, made, ...outcome} = await callsUnderKills(store, {calls: 40, seed, killEvery: 3});
    expect({seed, ...outcome, calls: calls.length, closest: undefined, kills: undefined}).toMatchObject({
      calls: 40,
      twice: 0,
      inQuietHours: 0,
      wrong: [],
    });
    expect(outcome.closest).toBeGreaterThanOrEqual(1_000);
    expect([outcome.kills > 3, made.length >= 40]).toEqual([true, true]);
  }, 60_000);
});
