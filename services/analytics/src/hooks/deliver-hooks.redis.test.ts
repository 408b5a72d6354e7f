import {createServer, type Server} from 'node:http';
import {HOOKS_QUEUE, HOOKS_QUEUE_PREFIX} from '@voicebridge/shared/cdr/hooks-queue.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {portOf} from '@voicebridge/shared/service/http.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {Queue} from 'bullmq';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {provideRedis} from '../../../../tools/local-stack/redis/local-redis.ts';
import {DatabaseWatch} from '../database/database-watch.ts';
import {openEmbedded} from '../database/database.ts';
import {storeCall} from '../ingest/store-call.ts';
import {finishedCall, sidOf} from '../testing/finished-call.ts';
import {dataFolder, until} from '../testing/running-analytics.ts';
import {deliverHooks, type Hooks} from './deliver-hooks.ts';
import {countDeliveries, deliveryWith, idOfCall, sendAgain} from './deliveries.ts';
import {Receivers} from './patience.ts';
import {hookPoster} from './post-hook.ts';

const HOUR = 3_600_000;
/** BullMQ keeps the time of a delayed job with twelve bits for its place among those of the same time. */
const PLACES = 4_096;

/** A system that is told about calls. While it is down, nobody listens at its port. */
class Receiver implements AsyncDisposable {
  readonly told: string[] = [];
  #server: Server | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}/calls`;
  }

  async up(): Promise<void> {
    const server = createServer((request, response) => {
      this.told.push(String(request.headers['webhook-id']));
      request.resume().on('end', () => response.writeHead(204).end());
    });
    await new Promise<void>(resolve => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = portOf(server);
    this.#server = server;
  }

  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise<void>(resolve => (server ? server.close(() => resolve()) : resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.down();
  }
}

describe('a receiver that is down, with the queue in Redis', () => {
  let ends: AsyncDisposableStack;
  let receiver: Receiver;
  let clock: FakeClock;
  let database: DatabaseWatch;
  let hooks: Hooks;
  let queue: Queue;
  let client: ReturnType<typeof openRedis>;
  const id = idOfCall(sidOf(1));

  beforeEach(async () => {
    ends = new AsyncDisposableStack();
    receiver = ends.use(new Receiver());
    await receiver.up();
    await receiver.down();
    // The clock of Redis never gets there: a job that waits is run when the test says that its time has come.
    clock = new FakeClock(Date.now() + 1_000 * HOUR);
    const redis = await provideRedis({kind: process.env['VOICEBRIDGE_REDIS'], log: () => {}});
    ends.defer(() => redis.close());
    const log = createLog('analytics', {level: 'silent'});
    client = ends.adopt(openRedis(redis.url, 'queue', log), each => each.disconnect());
    const connection = client;
    const folder = ends.use(await dataFolder());
    database = ends.use(new DatabaseWatch(await openEmbedded(folder.path), clock, log));
    await database.start();
    hooks = ends.use(
      deliverHooks({
        connection,
        database,
        metrics: createMetrics('analytics'),
        clock,
        log,
        post: hookPoster(),
        secret: () => 'a secret of the receiver',
        told: undefined,
        receivers: new Receivers(),
        random: () => 0.5,
      }),
    );
    queue = new Queue(HOOKS_QUEUE, {connection, prefix: HOOKS_QUEUE_PREFIX, skipVersionCheck: true});
    ends.defer(() => queue.close());
    const target = {post: receiver.url, secret: 'SECRET', include: [], allowPrivate: true};
    await storeCall(database.now, finishedCall({number: 1}), {told: target, wall: clock.wall()});
  }, 60_000);
  afterEach(() => ends.disposeAsync());

  const state = async () => (await deliveryWith(database.now, id))?.state;

  /** The attempt in hand is over. Returns the Unix time of the next in milliseconds; undefined: there will be none. */
  async function nextAttemptAt(): Promise<number | undefined> {
    await until(
      () => queue.getJobCounts('wait', 'active'),
      counts => Object.values(counts).every(count => count === 0),
    );
    const [, score] = (await client.zrange(queue.toKey('delayed'), 0, '0', 'WITHSCORES')).flat();
    return score === undefined ? undefined : Math.floor(Number(score) / PLACES);
  }

  /** Lets attempt after attempt come to its time until this holds after one, or there are no more. Returns their times. */
  async function attemptsUntil(isOver: () => Promise<boolean>): Promise<number[]> {
    const times: number[] = [];
    for (;;) {
      const at = await nextAttemptAt();
      if (at === undefined || (await isOver())) return times;
      clock.oversleep(Math.max(0, at - clock.wall()));
      times.push(clock.wall());
      const [job] = await queue.getDelayed();
      await job?.promote();
    }
  }

  test('for a day gets the webhook within an hour of its return, once', async () => {
    const from = clock.wall();
    hooks.tell(sidOf(1));
    await until(
      async () => (await deliveryWith(database.now, id))?.attempts,
      attempts => attempts === 1,
    );
    const attempts = await attemptsUntil(async () => {
      if (clock.wall() - from >= 24 * HOUR && receiver.told.length === 0) await receiver.up();
      return false;
    });
    expect(await state()).toBe('delivered');
    expect(receiver.told).toEqual([id]);
    expect(clock.wall() - from).toBeLessThan(26.5 * HOUR);
    expect(attempts.length).toBeLessThan(40);
  });

  test('for good ends among those that were given up after three days, and an operator sends it again', async () => {
    const from = clock.wall();
    hooks.tell(sidOf(1));
    await until(
      async () => (await deliveryWith(database.now, id))?.attempts,
      attempts => attempts === 1,
    );
    const attempts = await attemptsUntil(async () => false);
    expect(await deliveryWith(database.now, id)).toMatchObject({
      state: 'failed',
      attempts: attempts.length + 1,
      lastError: expect.stringContaining('ECONNREFUSED'),
    });
    expect((clock.wall() - from) / HOUR).toBeGreaterThan(70);
    expect((clock.wall() - from) / HOUR).toBeLessThanOrEqual(72);
    expect(await countDeliveries(database.now)).toMatchObject({failed: 1, waiting: 0});
    // It rests: neither the queue nor the sweep tries it again.
    clock.oversleep(24 * HOUR);
    expect(await nextAttemptAt()).toBeUndefined();

    await receiver.up();
    expect(await sendAgain(database.now, id, {who: 'session s'}, clock.wall())).toBe(true);
    hooks.send(id);
    await until(state, now => now === 'delivered');
    expect(receiver.told).toEqual([id]);
  });
});
