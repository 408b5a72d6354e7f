import {describe, test, vi} from 'vitest';
import {findRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {startMovableRedis} from '../../tools/local-stack/redis/movable-redis.ts';
import {metric, ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';

const binary = await findRedisBinary();
const PATIENCE = {timeout: 60_000, interval: 50};
/** So long it rings for a caller for whom there may be a place. */
const RINGS_MS = 20_000;
const REASON = 'Redis is a replica and takes no writes: its address must lead to the primary';

/** How often the caller began to hear the assistant, and the TwiML of the call. */
function follow(call: FakeCall): {audible: number; verbs: string[]} {
  const seen = {audible: 0, verbs: [] as string[]};
  call.on(event => {
    if (event.type === 'audible') seen.audible += 1;
    if (event.type === 'twiml') seen.verbs.push(...event.verbs);
  });
  return seen;
}

const readiness = async (url: string) => await (await fetch(new URL('/readyz', url))).json();

describe.skipIf(!binary).concurrent('callers whose Redis is demoted with its connections kept', () => {
  test('go on talking, and the next one is connected as soon as its address leads to the new primary', async ({
    expect,
  }) => {
    await using redis = await startMovableRedis(binary!);
    await using fleet = await ProcessFleet.start({redisUrl: redis.url, edges: 1, workers: 1});
    const inHand = fleet.twilio.dial([
      {do: 'waitForSilence', ms: 500},
      {do: 'until', until: () => moved},
      {do: 'say', clip: 'caller-yes'},
    ]);
    let moved = false;
    const heard = follow(inHand);
    await vi.waitFor(() => expect(heard.audible).toBe(1), PATIENCE);
    await redis.demote();
    await vi.waitFor(async () => {
      for (const {url} of [fleet.webhook, ...fleet.edges, ...fleet.workers])
        expect(await readiness(url)).toEqual({ready: true});
      // The queue's moves with the next record.
      expect(String(await redis.servers[0].call('CLIENT', 'LIST'))).not.toMatch(
        /name=voicebridge-(commands|publish|subscribe)/,
      );
    }, PATIENCE);
    moved = true;
    await vi.waitFor(() => expect(heard.audible).toBeGreaterThan(1), PATIENCE);
    const next = fleet.twilio.dial([]);
    const heardNext = follow(next);
    await vi.waitFor(() => expect(heardNext.audible).toBe(1), PATIENCE);
    for (const call of [inHand, next]) call.hangUp();
    expect((await inHand.ended).streams).toHaveLength(1);
    await next.ended;
    expect(await metric(fleet.workers[0]!, 'voicebridge_redis_up')).toBe(1);
  });

  test('go on talking while its address leads nowhere else; the next one is refused at once, and connected after the repair', async ({
    expect,
  }) => {
    await using redis = await startMovableRedis(binary!);
    const [primary] = redis.servers;
    await using fleet = await ProcessFleet.start({redisUrl: redis.url, edges: 1, workers: 1});
    let refused = false;
    const inHand = fleet.twilio.dial([
      {do: 'waitForSilence', ms: 500},
      {do: 'until', until: () => refused},
      {do: 'say', clip: 'caller-yes'},
    ]);
    const heard = follow(inHand);
    await vi.waitFor(() => expect(heard.audible).toBe(1), PATIENCE);
    await primary.call('REPLICAOF', '127.0.0.1', '1');
    await vi.waitFor(async () => {
      for (const {url} of [fleet.webhook, ...fleet.edges, ...fleet.workers])
        expect(await readiness(url)).toEqual({ready: false, reason: REASON});
    }, PATIENCE);
    const dialled = performance.now();
    const next = fleet.twilio.dial([]);
    const told = follow(next);
    await vi.waitFor(() => expect(told.verbs).toContain('Say'), PATIENCE);
    expect(told.verbs).not.toContain('Connect');
    expect(performance.now() - dialled).toBeLessThan(RINGS_MS / 2);
    next.hangUp();
    await next.ended;
    refused = true;
    await vi.waitFor(() => expect(heard.audible).toBeGreaterThan(1), PATIENCE);
    await vi.waitFor(async () => expect(await metric(fleet.webhook, 'voicebridge_redis_trouble')).toBe(1), PATIENCE);
    await primary.call('REPLICAOF', 'NO', 'ONE');
    for (const {url} of [fleet.webhook, ...fleet.edges, ...fleet.workers])
      await vi.waitFor(async () => expect(await readiness(url)).toEqual({ready: true}), PATIENCE);
    const last = fleet.twilio.dial([]);
    const heardLast = follow(last);
    await vi.waitFor(() => expect(heardLast.audible).toBe(1), PATIENCE);
    for (const call of [inHand, last]) call.hangUp();
    expect((await inHand.ended).streams).toHaveLength(1);
    await last.ended;
  });
});
