import {randomUUID} from 'node:crypto';
import {Queue, Worker} from 'bullmq';
import {Redis} from 'ioredis';
import {expect, inject, test} from 'vitest';
import {isTakenAway} from './taken-away.ts';

test('a job whose lock ran out, or that another process has done, was taken away, and a Redis that is away took nothing', async () => {
  const url = inject('redisUrl');
  const connection = new Redis(url, {maxRetriesPerRequest: null});
  const name = `taken-${randomUUID()}`;
  const queue = new Queue(name, {connection, skipVersionCheck: true});
  const worker = new Worker(name, null, {connection, autorun: false, skipVersionCheck: true});
  const failures: Error[] = [];
  const failed = (thrown: Error) => void failures.push(thrown);
  for (const key of ['lock', 'job']) {
    await queue.add('record', {});
    const job = await worker.getNextJob('slept');
    const known = queue.toKey(job?.id ?? '');
    await connection.del(...(key === 'lock' ? [`${known}:lock`] : [known, `${known}:lock`]));
    await job?.moveToCompleted('done', 'slept', false).catch(failed);
  }
  expect(failures.map(isTakenAway)).toEqual([true, true]);
  expect(isTakenAway(new Error('could not renew lock for job 7'))).toBe(true);
  expect(isTakenAway(Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), {code: 'ECONNREFUSED'}))).toBe(false);
  await queue.obliterate({force: true});
  await worker.close(true);
  await queue.close();
  connection.disconnect();
});
