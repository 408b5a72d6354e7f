/**
 * Finished calls are told to a system that is down, slow, answers 500 now and then and drops connections, while analytics
 * and Redis are killed and started again. How often is it told of each call?
 *
 *   npm run bench webhooks -- [--calls 10000] [--seed 1]
 */
import {spawn, type ChildProcess} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {openAnalyticsQueue} from '@voicebridge/shared/cdr/analytics-queue.ts';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {openEmbedded} from '@voicebridge/analytics/database/database.ts';
import {finishedCall, sidOf} from '@voicebridge/analytics/testing/finished-call.ts';
import {z} from 'zod';
import {findRedisBinary, startRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {MoodyReceiver} from './receiver.ts';

const {calls, seed} = commandLine({
  command: 'npm run bench webhooks --',
  about: 'How often another system is told of each finished call.',
  options: z.object({
    calls: wholeNumber({min: 100, max: 100_000}).default(10_000).describe('finished calls'),
    seed: wholeNumber().default(1).describe('what goes wrong, and when'),
  }),
});
const BATCH = 100;
const MAIN = fileURLToPath(new URL('../../services/analytics/src/main.ts', import.meta.url));

const binary = await findRedisBinary();
if (!binary) throw new Error('this needs a redis-server or valkey-server that keeps its data');
const folder = await mkdtemp(join(tmpdir(), 'voicebridge-webhooks-'));
const random = seededRandom(seed);
const secret = `whsec_${randomBytes(24).toString('base64')}`;
const receiver = new MoodyReceiver(secret, seed);
await receiver.up();
let redis = await startRedisBinary(binary, {persist: true, dir: folder});
const {port} = redis;
const start = (): ChildProcess =>
  spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PORT: '0',
      REDIS_URL: `redis://127.0.0.1:${port}`,
      DATA_DIR: join(folder, 'database'),
      LOG_LEVEL: 'silent',
      AFTER_URL: receiver.url,
      AFTER_SECRET: secret,
    },
  });
let analytics = start();
const kills = {analytics: 0, redis: 0, receiver: 0};
const kill = async (child: ChildProcess) => {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
};
const accident = async () => {
  const which = random.pick(['analytics', 'redis', 'receiver'] as const);
  kills[which] += 1;
  if (which === 'analytics') {
    await kill(analytics);
    analytics = start();
  } else if (which === 'redis') {
    process.kill(redis.pid, 'SIGKILL');
    await redis.exited;
    redis = await startRedisBinary(binary, {persist: true, dir: folder, port});
  } else {
    await receiver.down();
    await sleep(random.whole(500, 8_000));
    await receiver.up();
  }
};

const began = performance.now();
{
  await using queue = openAnalyticsQueue({
    host: '127.0.0.1',
    port,
    maxRetriesPerRequest: null,
    retryStrategy: () => 50,
  });
  for (let first = 1; first <= calls; first += BATCH) {
    const batch = Array.from({length: Math.min(BATCH, calls - first + 1)}, (_, index) =>
      finishedCall({number: first + index, startedAt: Date.now() - 60_000, summary: {outcome: {booked: true}}}),
    );
    await queue.send(batch);
    // Some records are sent twice, as after the death of a worker.
    if (random.chance(0.2)) await queue.send(batch.slice(0, 10));
    if (first % (10 * BATCH) === 1 && first > 1) {
      await sleep(random.whole(0, 2_000));
      await accident();
    }
  }
}
const {seen} = receiver;
// Whoever was told of nothing new for so long waits for a receiver that failed again and again: up to an hour, by then.
const QUIET_FOR = 4 * 60_000;
let [before, since] = [0, performance.now()];
while (seen.taken.size < calls && performance.now() - since < QUIET_FOR) {
  if (seen.taken.size > before) [before, since] = [seen.taken.size, performance.now()];
  await sleep(500);
}
const tookMs = since - began;
// Whatever is told twice is told now.
await sleep(10_000);
const ids = Array.from({length: calls}, (_, index) => `call.${sidOf(index + 1)}`);
const count = (of: (id: string) => boolean) => ids.filter(of).length;
const sum = (map: ReadonlyMap<string, number>) => [...map.values()].reduce((all, one) => all + one, 0);
const figures = {
  'finished calls': calls,
  'seconds until all were told but those that wait': Math.round(tookMs / 1_000),
  'analytics, Redis killed; receiver down': `${kills.analytics}, ${kills.redis}; ${kills.receiver}`,
  'requests to the receiver': sum(seen.requests),
  'answered 500, slowly, by a dropped connection': `${seen.answers.error}, ${seen.answers.slow}, ${seen.answers.cut}`,
  'calls it was told of (by id)': count(id => seen.taken.has(id)),
  'calls that it took once': count(id => seen.taken.get(id) === 1),
  'calls that it took twice or more, and knew again by their id': count(id => (seen.taken.get(id) ?? 0) > 1),
  'ids that are no call': seen.requests.size - count(id => seen.requests.has(id)),
  'signatures that the library refused': seen.forged,
  'bodies that were not of their call': seen.wrong,
};
const gone = once(analytics, 'exit');
analytics.kill('SIGTERM');
await gone;
const untold = ids.filter(id => !seen.taken.has(id));
const rest = await whatBecameOf(untold);
console.log(`| seed ${seed} | |\n| --- | --: |`);
for (const [name, value] of Object.entries({...figures, ...rest})) console.log(`| ${name} | ${value} |`);
await redis.close();
await receiver.down();
await rm(folder, {recursive: true, force: true});
const isAllKept = figures['calls it was told of (by id)'] + rest['calls that wait for their next attempt'] === calls;
process.exit(isAllKept && seen.forged === 0 && seen.wrong === 0 ? 0 : 1);

/** Of calls that the receiver was not told of: which the database still wants to tell. */
async function whatBecameOf(untold: readonly string[]) {
  await using database = await openEmbedded(join(folder, 'database'));
  const rows = await database.kysely
    .selectFrom('deliveries')
    .selectAll()
    .where('id', 'in', ['', ...untold])
    .execute();
  const stored = await database.kysely
    .selectFrom('calls')
    .select(({fn}) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  for (const {id, state, attempts, dueAt} of rows)
    process.stderr.write(`${id}: ${state} after ${attempts} attempts, due ${dueAt?.toISOString() ?? 'never'}\n`);
  return {
    'calls in the database': stored.count,
    'calls that wait for their next attempt': rows.filter(({state}) => state === 'waiting').length,
    'calls that nobody knows any more': untold.length - rows.length,
  };
}
