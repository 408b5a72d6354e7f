import {randomUUID} from 'node:crypto';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {Queue} from 'bullmq';
import {expect, inject, test} from 'vitest';
import {until} from '../testing/running-analytics.ts';
import {dueJobs, type Tried} from './due-jobs.ts';

const ATTEMPT_MAY_TAKE = 90_000;

/** Jobs of which one is tried at a time. `attempt`: what becomes of an attempt. */
async function startJobs(attempt: (id: string) => Promise<Tried>) {
  const ends = new AsyncDisposableStack();
  const log = createLog('analytics', {level: 'silent'});
  const connection = ends.adopt(openRedis(inject('redisUrl'), 'queue', log), redis => redis.disconnect());
  const [name, prefix, clock] = [randomUUID(), '{due}', new FakeClock()];
  const queue = new Queue(name, {connection, prefix, skipVersionCheck: true});
  ends.defer(async () => {
    await queue.obliterate({force: true});
    await queue.close();
  });
  const jobs = ends.use(
    dueJobs(
      {
        name,
        prefix,
        concurrency: 1,
        what: 'trying',
        jobId: id => `t.${id}`,
        attempt: data => attempt((data as {id: string}).id),
        overdue: async () => [],
      },
      {connection, clock, log},
    ),
  );
  const left = async () => Object.values(await queue.getJobCounts('wait', 'active', 'delayed')).reduce((a, b) => a + b);
  return {jobs, clock, left, [Symbol.asyncDispose]: () => ends.disposeAsync()};
}

test('an attempt that never ends gives its place to others after 90 s, and is made again', async () => {
  const tried: string[] = [];
  await using running = await startJobs(async id => {
    tried.push(id);
    if (id === 'hangs' && tried.filter(each => each === 'hangs').length === 1) await new Promise<never>(() => {});
    return {outcome: 'delivered'};
  });
  const {jobs, clock, left} = running;
  jobs.add('hangs', 'other');
  await until(
    async () => tried.length,
    count => count === 1,
  );
  clock.advance(ATTEMPT_MAY_TAKE - 1);
  expect(tried).toEqual(['hangs']);
  clock.advance(1);
  await until(left, count => count === 0);
  expect(tried.toSorted()).toEqual(['hangs', 'hangs', 'other']);
});

test('an attempt in time leaves no timer behind, and is made once', async () => {
  const tried: string[] = [];
  await using running = await startJobs(async id => {
    tried.push(id);
    return {outcome: 'delivered'};
  });
  const {jobs, clock, left} = running;
  jobs.add('one', 'two');
  await until(
    async () => tried.length,
    count => count === 2,
  );
  await until(left, count => count === 0);
  // What looks for rows without a job waits; nothing else does.
  expect(clock.waiting).toBe(1);
  clock.advance(2 * ATTEMPT_MAY_TAKE);
  expect(tried.toSorted()).toEqual(['one', 'two']);
});
