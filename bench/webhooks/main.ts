/**
 * Finished calls are told to a system that is down, slow, answers 500 now and then and drops connections, while analytics,
 * Redis and PostgreSQL are killed and started again. How often is it told of each call?
 *
 *   npm run bench webhooks -- [--calls 10000] [--every 1000] [--kill analytics,redis,database,receiver] [--database postgres] [--seed 1]
 */
import {spawn, type ChildProcess} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {mkdtemp, open, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {openAnalyticsQueue} from '@voicebridge/shared/cdr/analytics-queue.ts';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {finishedCall, sidOf} from '@voicebridge/analytics/testing/finished-call.ts';
import {HOOKS_QUEUE, HOOKS_QUEUE_PREFIX, type HookEvent} from '@voicebridge/shared/cdr/hooks-queue.ts';
import {openEmbedded, openPostgres} from '@voicebridge/analytics/database/database.ts';
import {findPostgres, privatePostgres} from '@voicebridge/analytics/testing/private-postgres.ts';
import {Queue} from 'bullmq';
import {z} from 'zod';
import {findRedisBinary, startRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {MoodyReceiver} from './receiver.ts';
import {jobsOf, rowsOf} from './why-missing.ts';

const KINDS = ['analytics', 'redis', 'database', 'receiver'] as const;
const {
  calls,
  every,
  database: place,
  kill: asked,
  seed,
} = commandLine({
  command: 'npm run bench webhooks --',
  about: 'How often another system is told about each finished call.',
  options: z.object({
    calls: wholeNumber({min: 100, max: 100_000}).default(10_000).describe('finished calls'),
    every: wholeNumber({min: 100}).default(1_000).describe('messages taken between two accidents'),
    kill: z
      .string()
      .default(KINDS.join(','))
      .transform(text => KINDS.filter(kind => text.split(',').includes(kind)))
      .describe('what has accidents'),
    database: z
      .enum(['embedded', 'postgres'])
      .default('postgres')
      .describe('where calls are stored; the embedded one dies with analytics'),
    seed: wholeNumber().default(1).describe('what goes wrong, and when'),
  }),
});
const BATCH = 100;
/** For at most this many missing calls, what is known of them is printed. */
const EXPLAINED = 20;
const sidIn = (id: string) => (id.startsWith('call.') ? id.slice('call.'.length) : id);
/** One call in so many is made by us, and has so many messages of its own besides the one about its end. */
const MADE_EVERY = 20;
const STATES = 4;
const MAIN = fileURLToPath(new URL('../../services/analytics/src/main.ts', import.meta.url));

const binary = await findRedisBinary();
if (!binary) throw new Error('this needs a redis-server or valkey-server that keeps its data');
const folder = await mkdtemp(join(tmpdir(), 'voicebridge-webhooks-'));
const logFile = join(folder, 'analytics.log');
const log = await open(logFile, 'a');
const random = seededRandom(seed);
// The embedded database has no accidents of its own.
const kinds = asked.filter(kind => kind !== 'database' || place === 'postgres');
const secret = `whsec_${randomBytes(24).toString('base64')}`;
const receiver = new MoodyReceiver(secret, seed);
await receiver.up();
let redis = await startRedisBinary(binary, {persist: true, dir: folder});
const {port} = redis;
const postgres = place === 'postgres' ? await newPostgres() : undefined;
const start = (): ChildProcess =>
  spawn(process.execPath, [MAIN], {
    stdio: ['ignore', log.fd, 'inherit'],
    env: {
      PORT: '0',
      REDIS_URL: `redis://127.0.0.1:${port}`,
      ...(postgres ? {DATABASE_URL: postgres.url} : {DATA_DIR: join(folder, 'database')}),
      LOG_LEVEL: 'info',
      AFTER_URL: receiver.url,
      AFTER_SECRET: secret,
    },
  });
let analytics = start();
const kills = {analytics: 0, redis: 0, database: 0, receiver: 0};
const kill = async (child: ChildProcess) => {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
};
const accident = async () => {
  const [first = 'analytics', ...others] = kinds;
  const which = random.pick([first, ...others]);
  kills[which] += 1;
  if (which === 'analytics') {
    await kill(analytics);
    analytics = start();
  } else if (which === 'redis') {
    process.kill(redis.pid, 'SIGKILL');
    await redis.exited;
    redis = await startRedisBinary(binary, {persist: true, dir: folder, port});
  } else if (which === 'database') {
    await postgres?.kill();
    await sleep(random.whole(0, 3_000));
    await postgres?.start();
  } else {
    await receiver.down();
    await sleep(random.whole(500, 8_000));
    await receiver.up();
  }
};

/** Of calls that are made there are several messages: their jobs come in any order. */
const hooks = new Queue(HOOKS_QUEUE, {
  connection: {host: '127.0.0.1', port, maxRetriesPerRequest: null, retryStrategy: () => 50},
  prefix: HOOKS_QUEUE_PREFIX,
  skipVersionCheck: true,
});
hooks.on('error', () => {});
const subjects: string[] = [];
async function tellStates(number: number) {
  const made = Array.from({length: BATCH / MADE_EVERY}, (_, index) => `out-${number + index * MADE_EVERY}`);
  subjects.push(...made);
  const jobs = made.flatMap(subject =>
    Array.from({length: STATES}, (_, seq) => ({
      name: 'event',
      data: {event: eventOf(subject, seq)},
      opts: {jobId: `d.${subject}.${seq}`},
      at: random.next(),
    })),
  );
  await hooks.addBulk(jobs.toSorted((a, b) => a.at - b.at));
}
function eventOf(subject: string, seq: number): HookEvent {
  const body = JSON.stringify({type: 'call.state', timestamp: new Date().toISOString(), data: {state: seq}});
  return {id: `${subject}.${seq}`, subject, seq, type: 'call.state', target: null, body};
}

const began = performance.now();
const {seen} = receiver;
/** Accidents come as messages are taken, to the end. */
const isDone = new AbortController();
const accidents = (async () => {
  for (let next = every; !isDone.signal.aborted;) {
    await sleep(100);
    if (seen.taken.size < next) continue;
    await accident();
    next = seen.taken.size + every;
  }
})();
/** As workers do: what Redis has not taken is sent again. */
const insist = async (send: () => Promise<void>) => {
  for (;;) {
    try {
      return await send();
    } catch {
      await sleep(200);
    }
  }
};
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
    await insist(() => queue.send(batch));
    await tellStates(first);
    // Some records are sent twice, as after the death of a worker.
    if (random.chance(0.2)) await insist(() => queue.send(batch.slice(0, 10)));
  }
}
const ids = [
  ...Array.from({length: calls}, (_, index) => `call.${sidOf(index + 1)}`),
  ...subjects.flatMap(subject => Array.from({length: STATES}, (_, seq) => `${subject}.${seq}`)),
];
// Whoever was told about nothing new for so long waits for a receiver that failed again and again: up to an hour, by then.
const QUIET_FOR = 4 * 60_000;
let [before, since] = [0, performance.now()];
let said = since;
while (seen.taken.size < ids.length && performance.now() - since < QUIET_FOR) {
  if (seen.taken.size > before) [before, since] = [seen.taken.size, performance.now()];
  await sleep(500);
  if (performance.now() - said > 30_000) {
    said = performance.now();
    process.stderr.write(
      `${Math.round((said - began) / 1_000)} s: ${seen.taken.size} of ${ids.length} messages taken\n`,
    );
  }
}
const tookMs = since - began;
isDone.abort();
await accidents;
// Whatever is told twice is told now.
await sleep(10_000);
const count = (of: (id: string) => boolean) => ids.filter(of).length;
const sum = (map: ReadonlyMap<string, number>) => [...map.values()].reduce((all, one) => all + one, 0);
const figures = {
  'finished calls': calls,
  'calls that were made, each with so many messages': `${subjects.length}, ${STATES}`,
  messages: ids.length,
  'seconds until all were told but those that wait': Math.round(tookMs / 1_000),
  'analytics, Redis, database killed; receiver down': `${kills.analytics}, ${kills.redis}, ${kills.database}; ${kills.receiver}`,
  'requests to the receiver': sum(seen.requests),
  'answered 500, slowly, by a dropped connection': `${seen.answers.error}, ${seen.answers.slow}, ${seen.answers.cut}`,
  'messages that it took (by id)': count(id => seen.taken.has(id)),
  'messages that it took once': count(id => seen.taken.get(id) === 1),
  'messages that it took twice or more, and knew again by their id': count(id => (seen.taken.get(id) ?? 0) > 1),
  'ids of no message': seen.requests.size - count(id => seen.requests.has(id)),
  'calls whose messages it took out of order': [...seen.states.values()].filter(
    states => states.join() !== states.toSorted((a, b) => a - b).join(),
  ).length,
  'signatures that the library refused': seen.forged,
  'bodies of another message': seen.wrong,
};
await hooks.close();
const untold = ids.filter(id => !seen.taken.has(id));
const jobs = await jobsOf(untold.slice(0, EXPLAINED), port);
const gone = once(analytics, 'exit');
analytics.kill('SIGTERM');
await gone;
const {stored, rows} = await rowsOf(
  untold,
  postgres ? openPostgres(postgres.url) : await openEmbedded(join(folder, 'database')),
);
const isWaiting = (id: string) => rows.get(id)?.state === 'waiting';
const rest = {
  'calls in the database': stored.size,
  'messages that wait for their next attempt': untold.filter(isWaiting).length,
  'calls whose record was lost before it was stored': calls - stored.size,
  'messages without a row in the database': untold.filter(id => !rows.has(id)).length,
};
console.log(`| seed ${seed}, ${place} | |\n| --- | --: |`);
for (const [name, value] of Object.entries({...figures, ...rest})) console.log(`| ${name} | ${value} |`);
await explain(untold.slice(0, EXPLAINED));
await redis.close();
await postgres?.[Symbol.asyncDispose]();
await receiver.down();
await log.close();
await rm(folder, {recursive: true, force: true});
const isAllKept =
  figures['messages that it took (by id)'] + rest['messages that wait for their next attempt'] === ids.length;
process.exit(
  isAllKept && figures['calls whose messages it took out of order'] === 0 && seen.forged === 0 && seen.wrong === 0
    ? 0
    : 1,
);

async function newPostgres() {
  const bin = await findPostgres();
  if (bin === undefined) throw new Error('PostgreSQL is not installed here: say --database embedded');
  return await privatePostgres(bin);
}

/** Writes what is known of each call that the receiver did not take. */
async function explain(missing: readonly string[]): Promise<void> {
  if (missing.length === 0) return;
  const lines = (await readFile(logFile, 'utf8')).split('\n');
  for (const id of missing) {
    const row = rows.get(id);
    const told = row
      ? `${row.state} after ${row.attempts} attempts (${row.lastError}), due ${row.dueAt.toISOString()}`
      : 'no row';
    const {record, webhook} = jobs.get(id) ?? {record: '', webhook: ''};
    process.stderr.write(`${id}\n  asked ${seen.requests.get(id) ?? 0} times\n  row: ${told}\n`);
    process.stderr.write(`  record: ${stored.has(sidIn(id)) ? 'stored' : 'not stored'}; its job: ${record}\n`);
    process.stderr.write(`  job of the webhook: ${webhook}\n`);
    for (const line of lines.filter(text => text.includes(sidIn(id)))) process.stderr.write(`  ${line}\n`);
  }
}
