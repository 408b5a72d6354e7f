import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import {CALLS_QUEUE, CALLS_QUEUE_PREFIX, openAnalyticsQueue} from '@voicebridge/shared/cdr/analytics-queue.ts';
import {
  startRedisBinary,
  type PrivateRedis,
  type RedisBinary,
} from '../../../../tools/local-stack/redis/private-redis.ts';
import {Queue} from 'bullmq';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {finishedCall} from './finished-call.ts';
import {until} from './running-analytics.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

export interface KillsOptions {
  readonly records: number;
  readonly seed: number;
  readonly redis: RedisBinary;
  /** Folder of Redis's append-only file. */
  readonly redisFolder: string;
  /** DATA_DIR or DATABASE_URL. */
  readonly env: Readonly<Record<string, string>>;
  /** Kills the database and brings it back; left out where it lives in the process that is killed anyway. */
  readonly killDatabase?: () => Promise<void>;
}

export interface KillsOutcome {
  readonly kills: Readonly<Record<Target, number>>;
  /** Jobs of each state that the queue still holds. */
  readonly left: Readonly<Record<string, number>>;
}

type Target = 'analytics' | 'redis' | 'database';

const BATCH = 20;
const BATCHES_BETWEEN_KILLS = 6;

/**
 * Sends records, some of them twice, while the analytics process, Redis and the database are killed at random with -9
 * and started again; then waits until the queue is empty, and stops.
 */
export async function recordUnderKills(options: KillsOptions): Promise<KillsOutcome> {
  const random = seededRandom(options.seed);
  let redis = await startRedisBinary(options.redis, {persist: true, dir: options.redisFolder});
  const {port} = redis;
  let analytics = startProcess(port, options.env);
  const connection = {host: '127.0.0.1', port, maxRetriesPerRequest: null, retryStrategy: () => 50};
  const kills: Record<Target, number> = {analytics: 0, redis: 0, database: 0};

  const look = new Queue(CALLS_QUEUE, {connection, prefix: CALLS_QUEUE_PREFIX});
  look.on('error', () => {});
  const {killDatabase} = options;
  const targets: readonly [Target, ...Target[]] = killDatabase
    ? ['analytics', 'redis', 'database']
    : ['analytics', 'redis'];
  const actions: Record<Target, () => Promise<void>> = {
    async analytics() {
      await killProcess(analytics);
      analytics = startProcess(port, options.env);
    },
    async redis() {
      redis = await killRedis(redis, options);
    },
    database: killDatabase ?? (async () => {}),
  };
  {
    await using queue = openAnalyticsQueue(connection);
    for (let first = 0; first < options.records; first += BATCH) {
      const calls = Array.from({length: Math.min(BATCH, options.records - first)}, (_, index) =>
        finishedCall({number: first + index + 1}),
      );
      await queue.send(calls);
      if (random.chance(0.3)) await queue.send(calls.slice(0, 5));
      if ((first / BATCH) % BATCHES_BETWEEN_KILLS !== BATCHES_BETWEEN_KILLS - 1) continue;
      // Half-way: some records are stored, some are being stored, some wait.
      const waiting = await look.getWaitingCount();
      await until(
        () => look.getWaitingCount(),
        count => count < waiting || count === 0,
      );
      const target = random.pick(targets);
      kills[target] += 1;
      await actions[target]();
    }
  }
  const left = await until(
    () => look.getJobCounts('waiting', 'active', 'delayed', 'prioritized', 'failed'),
    counts => counts['waiting'] === 0 && counts['active'] === 0 && counts['delayed'] === 0,
  );
  await look.close();
  const gone = once(analytics, 'exit');
  analytics.kill('SIGTERM');
  await gone;
  await redis.close();
  return {kills, left};
}

function startProcess(redisPort: number, env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, [MAIN], {
    stdio: 'ignore',
    env: {PORT: '0', REDIS_URL: `redis://127.0.0.1:${redisPort}`, LOG_LEVEL: 'silent', ...env},
  });
}

async function killProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function killRedis(redis: PrivateRedis, options: KillsOptions): Promise<PrivateRedis> {
  process.kill(redis.pid, 'SIGKILL');
  await redis.exited;
  return await startRedisBinary(options.redis, {persist: true, dir: options.redisFolder, port: redis.port});
}
