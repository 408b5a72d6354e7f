import {openAnalyticsQueue} from '@voicebridge/shared/analytics-queue.ts';
import {provideRedis, type ProvidedRedis} from '@voicebridge/shared/redis/local-redis.ts';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {z} from 'zod';
import {finishedCall, sidOf} from './testing/finished-call.ts';
import {runAnalytics, temporaryFolder, until} from './testing/running-analytics.ts';

const Page = z.object({calls: z.array(z.object({callSid: z.string(), turns: z.number()}))});

/** The queue has one name, so these tests have a Redis of their own. */
let redis: ProvidedRedis;
beforeAll(async () => {
  redis = await provideRedis({kind: process.env['VOICEBRIDGE_REDIS'], log: () => {}});
});
afterAll(() => redis.close());

const queueOf = (url: string) => {
  const {hostname, port} = new URL(url);
  return openAnalyticsQueue({host: hostname, port: Number(port)});
};
const calls = async (url: string) => Page.parse(await (await fetch(`${url}/api/calls`)).json()).calls;

describe('analytics', () => {
  test('an analyst sees a call as soon as it is finished, once, however often it is sent', async () => {
    await using folder = await temporaryFolder();
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

  test('an analyst finds the calls that were finished while analytics was not there', async () => {
    await using folder = await temporaryFolder();
    await using queue = queueOf(redis.url);
    await queue.send([finishedCall({number: 3})]);

    await using analytics = await runAnalytics({REDIS_URL: redis.url, DATA_DIR: folder.path});
    const seen = await until(
      () => calls(analytics.url),
      list => list.length > 0,
    );
    expect(seen.map(call => call.callSid)).toEqual([sidOf(3)]);
  });

  test('a process that runs says that it is alive and ready, and that it is not once it drains', async () => {
    await using folder = await temporaryFolder();
    await using analytics = await runAnalytics({REDIS_URL: redis.url, DATA_DIR: folder.path});
    expect((await fetch(`${analytics.url}/livez`)).status).toBe(200);
    expect((await fetch(`${analytics.url}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${analytics.url}/metrics`)).text()).toContain('voicebridge_records_total');
    await analytics.drain();
    expect((await fetch(`${analytics.url}/readyz`)).status).toBe(503);
  });
});
