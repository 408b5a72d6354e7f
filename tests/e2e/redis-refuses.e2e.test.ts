import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Redis} from 'ioredis';
import {describe, test, vi} from 'vitest';
import {haveEnded, haveHeard} from '../../tools/harness/callers.ts';
import {metric, ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {findRedisBinary, startRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import type {RunningProcess} from '../../tools/local-stack/processes.ts';
import {freePort} from '../../tools/local-stack/processes.ts';
import type {CallerScript} from '../../simulators/twilio/src/fake-twilio.ts';

const binary = await findRedisBinary();
const PATIENCE = {timeout: 60_000, interval: 50};
const SAY = 'All busy.';
const listens: CallerScript = [{do: 'waitForSilence', ms: 500}, {do: 'hangUp'}];

const ready = async ({url}: RunningProcess): Promise<unknown> => await (await fetch(new URL('/readyz', url))).json();
/** A gauge of reasons, by the reason that holds. */
async function reason({url}: RunningProcess, name: string): Promise<string | undefined> {
  const text = await (await fetch(new URL('/metrics', url))).text();
  return new RegExp(`^${name}{reason="([^"]+)"[^}]*} 1$`, 'm').exec(text)?.[1];
}

describe.skipIf(!binary).concurrent('callers whose Redis', () => {
  const faults: readonly (readonly [
    string,
    string,
    (redis: Redis) => Promise<unknown>,
    (redis: Redis) => Promise<unknown>,
  ])[] = [
    [
      'full',
      'Redis is full and takes no writes: give it memory (maxmemory), or empty it',
      redis => redis.config('SET', 'maxmemory', '1'),
      redis => redis.config('SET', 'maxmemory', '0'),
    ],
    [
      'rights',
      'Redis refuses our user a command, a key or a channel: see "Rights in Redis" in the runbook',
      redis => redis.call('ACL', 'SETUSER', 'default', '-set'),
      redis => redis.call('ACL', 'SETUSER', 'default', '+set'),
    ],
  ];
  test.for(faults)(
    'refuses writes (%s) go on; new ones are told so at once; all processes say why',
    async (fault, {expect}) => {
      const [trouble, cure, breaks, mends] = fault;
      await using server = await startRedisBinary(binary!, {}).then(redis => ({
        ...redis,
        [Symbol.asyncDispose]: () => redis.close(),
      }));
      const url = `redis://127.0.0.1:${server.port}`;
      const redis = new Redis(url);
      try {
        await using fleet = await ProcessFleet.start({redisUrl: url, edges: 1, workers: 1, env: {OVERLOAD_SAY: SAY}});
        const processes = [fleet.webhook, ...fleet.edges, ...fleet.workers];
        let refused = false;
        const inHand = fleet.twilio.dial([
          {do: 'waitForSilence', ms: 500},
          {do: 'until', until: () => refused},
          {do: 'say', clip: 'caller-opening-hours'},
          {do: 'waitForSilence', ms: 1_500},
          {do: 'hangUp'},
        ]);
        await haveHeard([inHand]);
        await breaks(redis);
        await vi.waitFor(async () => {
          for (const each of processes) expect(await ready(each)).toEqual({ready: false, reason: cure});
        }, PATIENCE);
        const [told] = await haveEnded([fleet.twilio.dial([])]);
        expect(told).toMatchObject({saidByTwilio: [SAY], streams: []});
        for (const each of processes) {
          await vi.waitFor(async () => expect(await reason(each, 'voicebridge_redis_trouble')).toBe(trouble), PATIENCE);
          expect(await metric(each, 'voicebridge_redis_up')).toBe(0);
          expect(each.lines.filter(line => line.json?.['msg'] === 'redis cannot be used')).toHaveLength(1);
        }
        expect(await reason(fleet.workers[0]!, 'voicebridge_not_taking')).toBe('redis');
        refused = true;
        await haveHeard([inHand]);
        await mends(redis);
        await vi.waitFor(async () => {
          for (const each of processes) expect(await ready(each)).toEqual({ready: true});
        }, PATIENCE);
        const [before, after] = await haveEnded([inHand, fleet.twilio.dial(listens)]);
        for (const report of [before!, after!]) {
          expect(report.violations).toEqual([]);
          expect(report.endedBy).toBe('caller');
          expect(report.streams).toHaveLength(1);
        }
      } finally {
        redis.disconnect();
      }
    },
  );

  test('for the records is away notice nothing; a worker that never reached it is not ready; all are recorded later', async ({
    expect,
  }) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'voicebridge-queue-'));
    const port = await freePort();
    const start = () => startRedisBinary(binary!, {port, persist: true, dir: dataDir});
    let queue = await start();
    try {
      await using fleet = await ProcessFleet.start({
        edges: 1,
        workers: 1,
        env: {QUEUE_REDIS_URL: `redis://127.0.0.1:${port}`},
        analytics: {dataDir: join(dataDir, 'analytics')},
      });
      const [worker] = fleet.workers;
      await queue.close();
      await vi.waitFor(async () => expect(await metric(worker!, 'voicebridge_queue_up')).toBe(0), PATIENCE);
      expect(await reason(worker!, 'voicebridge_queue_trouble')).toBe('no-answer');
      for (const report of await haveEnded(Array.from({length: 3}, () => fleet.twilio.dial(listens)))) {
        expect(report.violations).toEqual([]);
        expect(report.endedBy).toBe('caller');
      }
      await vi.waitFor(async () => expect(await metric(worker!, 'voicebridge_records_unsent')).toBe(3), PATIENCE);
      for (const each of [fleet.webhook, ...fleet.edges, worker!]) expect(await ready(each)).toEqual({ready: true});
      const noAnswer = 'Redis does not answer';
      await vi.waitFor(
        async () => expect(await ready(fleet.analytics!)).toEqual({ready: false, reason: noAnswer}),
        PATIENCE,
      );
      const late = await fleet.addWorker({}, {readyWithin: 0});
      await late.line('worker is up, and not ready', 60_000);
      expect(await ready(late)).toEqual({ready: false, reason: `QUEUE_REDIS_URL: ${noAnswer}`});
      queue = await start();
      await vi.waitFor(async () => {
        for (const each of [worker!, late, fleet.analytics!]) expect(await ready(each)).toEqual({ready: true});
      }, PATIENCE);
      const records = async () => {
        const answer = await fetch(new URL('/api/calls', fleet.analytics!.url));
        return ((await answer.json()) as {calls: unknown[]}).calls;
      };
      await vi.waitFor(async () => expect(await records()).toHaveLength(3), {timeout: 120_000, interval: 200});
      expect(await metric(worker!, 'voicebridge_records_unsent')).toBe(0);
    } finally {
      await queue.close();
      await rm(dataDir, {recursive: true, force: true});
    }
  });
});
