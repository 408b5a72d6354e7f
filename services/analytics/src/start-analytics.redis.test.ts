import {
  CALL_FINISHED,
  CALLS_QUEUE,
  CALLS_QUEUE_PREFIX,
  openAnalyticsQueue,
} from '@voicebridge/shared/cdr/analytics-queue.ts';
import {provideRedis, type ProvidedRedis} from '../../../tools/local-stack/redis/local-redis.ts';
import {Queue} from 'bullmq';
import {Redis} from 'ioredis';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {z} from 'zod';
import {finishedCall, sidOf} from './testing/finished-call.ts';
import {runAnalytics, dataFolder, until} from './testing/running-analytics.ts';

const Page = z.object({calls: z.array(z.object({callSid: z.string(), turns: z.number()}))});

/** The name of the queue is fixed, so these tests have a Redis of their own. */
let redis: ProvidedRedis;
beforeAll(async () => {
  redis = await provideRedis({kind: process.env['VOICEBRIDGE_REDIS'], log: () => {}});
});
afterAll(() => redis.close());

const connectionOf = (url: string) => {
  const {hostname, port} = new URL(url);
  return {host: hostname, port: Number(port)};
};
const queueOf = (url: string) => openAnalyticsQueue(connectionOf(url));
/** For jobs that no worker of ours writes. */
const rawQueueOf = (url: string) => new Queue(CALLS_QUEUE, {connection: connectionOf(url), prefix: CALLS_QUEUE_PREFIX});
const calls = async (url: string) => Page.parse(await (await fetch(`${url}/api/calls`)).json()).calls;

describe('analytics', () => {
  test('an analyst sees a call once, as soon as it is finished, however often its record is sent', async () => {
    await using folder = await dataFolder();
    await using analytics = await runAnalytics({REDIS_URL: redis.url, DATA_DIR: folder.path});
    await using queue = queueOf(redis.url);

    await queue.send([finishedCall({number: 1}), finishedCall({number: 2})]);
    await queue.send([finishedCall({number: 1})]);

    const seen = await until(
      () => calls(analytics.url),
      list => list.length === 2,
    );
    expect(seen.map(call => call.callSid)).toEqual([sidOf(2), sidOf(1)]);
    await analytics.drain();
    expect(await calls(analytics.url)).toHaveLength(2);
  });

  test('an analyst finds the calls that finished while analytics was not running', async () => {
    await using folder = await dataFolder();
    await using queue = queueOf(redis.url);
    await queue.send([finishedCall({number: 3})]);

    await using analytics = await runAnalytics({REDIS_URL: redis.url, DATA_DIR: folder.path});
    const seen = await until(
      () => calls(analytics.url),
      list => list.length > 0,
    );
    expect(seen.map(call => call.callSid)).toEqual([sidOf(3)]);
  });

  test('a running process is alive and ready, and is no longer ready once it drains', async () => {
    await using folder = await dataFolder();
    await using analytics = await runAnalytics({REDIS_URL: redis.url, DATA_DIR: folder.path});
    expect((await fetch(`${analytics.url}/livez`)).status).toBe(200);
    expect((await fetch(`${analytics.url}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${analytics.url}/metrics`)).text()).toContain('voicebridge_records_total');
    await analytics.drain();
    expect((await fetch(`${analytics.url}/readyz`)).status).toBe(503);
  });

  test('an operator who stops it while its Redis is gone does not wait for that Redis', async () => {
    await using folder = await dataFolder();
    const own = await provideRedis({kind: process.env['VOICEBRIDGE_REDIS'], log: () => {}});
    await using analytics = await runAnalytics({REDIS_URL: own.url, DATA_DIR: folder.path});
    await own.close();
    await analytics.drain();
    expect((await fetch(`${analytics.url}/readyz`)).status).toBe(503);
  });

  test('a malformed record is refused and kept in the failed set, and the calls after it are stored', async () => {
    await using folder = await dataFolder();
    await using analytics = await runAnalytics({REDIS_URL: redis.url, DATA_DIR: folder.path});
    const queue = rawQueueOf(redis.url);
    const good = finishedCall({number: 20});
    const line = {line: 0, turn: 0, role: 'caller', at: 1, cut: false};
    const bad = [
      {nonsense: true},
      {...good, version: 2},
      {...good, part: 3},
      {...good, summary: {...good.summary, startedAt: 1e300}},
      {...good, turns: Array.from({length: 51}, () => good.turns[0])},
      {...good, summary: {...good.summary, turns: 3_000_000_000}},
      {...good, transcript: [{...line, text: 'x'.repeat(3_000_000)}]},
      JSON.parse(`{"summary":{"__proto__":{"callSid":"CA1"}},"turns":${'['.repeat(1_000)}${']'.repeat(1_000)}}`),
    ];
    for (const data of bad) await queue.add(CALL_FINISHED, data, {attempts: 1_000});
    await queue.add(CALL_FINISHED, good);
    await until(
      () => calls(analytics.url),
      list => list.length === 1,
    );
    await until(
      () => queue.getFailedCount(),
      count => count === bad.length,
    );
    const metrics = await (await fetch(`${analytics.url}/metrics`)).text();
    expect(metrics).toMatch(/voicebridge_records_total\{outcome="refused",service="analytics"\} 8/);
    await queue.close();
  });

  test('a job that is not JSON is told as that and not as an outage, and the calls after it are stored', async () => {
    await using folder = await dataFolder();
    await using analytics = await runAnalytics({REDIS_URL: redis.url, DATA_DIR: folder.path});
    const queue = rawQueueOf(redis.url);
    const job = await queue.add(CALL_FINISHED, {}, {delay: 60_000});
    const raw = new Redis(redis.url);
    await raw.hset(queue.toKey(job.id ?? ''), 'data', 'no {JSON');
    await job.promote();
    await queue.add(CALL_FINISHED, finishedCall({number: 21}));
    await until(
      () => calls(analytics.url),
      list => list.length === 1,
    );
    expect(analytics.said).toContainEqual(expect.stringContaining('a job in the queue is not JSON'));
    expect(analytics.said).not.toContainEqual(expect.stringContaining('queue is unavailable'));
    raw.disconnect();
    await queue.close();
  });

  test('a second process on the same folder is refused with what to do, and the first one goes on', async () => {
    await using folder = await dataFolder();
    const env = {REDIS_URL: redis.url, DATA_DIR: folder.path};
    await using analytics = await runAnalytics(env);
    await expect(runAnalytics(env)).rejects.toThrow(/belongs to process \d+.*DATA_DIR.*DATABASE_URL/);
    expect(await calls(analytics.url)).toEqual([]);
  });

  test('analytics does not start on a public address without a password', async () => {
    await expect(runAnalytics({REDIS_URL: redis.url, HOST: '0.0.0.0'})).rejects.toThrow(
      /DASHBOARD_PASSWORD is not set, and HOST lets other machines in/,
    );
  });
});
