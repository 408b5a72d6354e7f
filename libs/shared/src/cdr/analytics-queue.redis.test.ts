import {Queue, Worker} from 'bullmq';
import {expect, inject, test, vi} from 'vitest';
import {openAnalyticsQueue} from './analytics-queue.ts';
import {createLog} from '../observability/log.ts';
import {openRedis} from '../redis/connect.ts';
import {findRedisBinary} from '../../../../tools/local-stack/redis/private-redis.ts';
import {startMovableRedis} from '../../../../tools/local-stack/redis/movable-redis.ts';
import {flushPromises, FakeClock} from '../testing/fake-clock.ts';

const log = createLog('test', {level: 'silent'});

test('a worker with a wrong address of the queue gets an error each time it sends a record', async () => {
  const clock = new FakeClock();
  const connection = openRedis('redis://127.0.0.1:1', 'queue', log);
  const queue = openAnalyticsQueue(connection, clock);
  for (let tries = 0; tries < 2; tries += 1) {
    const failure = queue.send([]).catch((thrown: unknown) => String(thrown));
    await flushPromises();
    clock.advance(5_000);
    expect(await failure).toContain("the queue's Redis has not answered within 5000 ms");
  }
  connection.disconnect();
});

test.each(inject('redisKinds'))('a record goes through $kind, once, however often it is sent', async ({url}) => {
  const [sends, takes] = [openRedis(url, 'queue', log), openRedis(url, 'queue', log)];
  const queue = openAnalyticsQueue(sends, new FakeClock());
  await expect(queue.send([])).resolves.toBeUndefined();
  const jobs = new Queue('on-each-kind', {connection: sends, prefix: '{vb}'});
  const taken: string[] = [];
  const worker = new Worker('on-each-kind', async job => void taken.push(job.name), {
    connection: takes,
    prefix: '{vb}',
  });
  for (let times = 0; times < 3; times += 1) await jobs.add('record', {}, {jobId: `CA${process.pid}`});
  await jobs.add('another', {});
  await vi.waitFor(() => expect(taken).toEqual(['record', 'another']), {timeout: 10_000});
  await worker.close();
  await jobs.obliterate({force: true});
  await jobs.close();
  await queue[Symbol.asyncDispose]();
  for (const client of [sends, takes]) client.disconnect();
});

const binary = await findRedisBinary();

test.skipIf(!binary)(
  'records are sent and consumed again after the queue’s primary was demoted with its connections open',
  {timeout: 30_000},
  async () => {
    await using redis = await startMovableRedis(binary!);
    const [sends, takes] = [openRedis(redis.url, 'queue', log), openRedis(redis.url, 'queue', log)];
    const queue = new Queue('demoted', {connection: sends, prefix: '{vb}'});
    const taken: string[] = [];
    const worker = new Worker('demoted', async job => void taken.push(job.name), {connection: takes, prefix: '{vb}'});
    worker.on('error', () => {});
    await queue.add('before', {});
    await vi.waitFor(() => expect(taken).toEqual(['before']), {timeout: 5_000});
    await redis.demote();
    await queue.add('after', {});
    await vi.waitFor(() => expect(taken).toEqual(['before', 'after']), {timeout: 20_000});
    await worker.close();
    await queue.close();
    for (const client of [sends, takes]) client.disconnect();
  },
);
