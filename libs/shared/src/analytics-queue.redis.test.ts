import {expect, inject, test} from 'vitest';
import {openAnalyticsQueue} from './analytics-queue.ts';
import {createLog} from './log.ts';
import {openRedis} from './redis/connect.ts';
import {settle, FakeClock} from './testing/fake-clock.ts';

const log = createLog('test', {level: 'silent'});

test('a worker with a wrong address of the queue learns that a record was not sent, each time it tries', async () => {
  const clock = new FakeClock();
  const connection = openRedis('redis://127.0.0.1:1', 'queue', log);
  const queue = openAnalyticsQueue(connection, clock);
  for (let tries = 0; tries < 2; tries += 1) {
    const failure = queue.send([]).catch((thrown: unknown) => String(thrown));
    await settle();
    clock.advance(5_000);
    expect(await failure).toContain("the queue's Redis has not answered within 5000 ms");
  }
  connection.disconnect();
});

test('a worker whose queue answers sends at once', async () => {
  const connection = openRedis(inject('redisUrl'), 'queue', log);
  const queue = openAnalyticsQueue(connection, new FakeClock());
  await expect(queue.send([])).resolves.toBeUndefined();
  await queue[Symbol.asyncDispose]();
  connection.disconnect();
});
