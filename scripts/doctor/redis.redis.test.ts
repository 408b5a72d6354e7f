import {Redis} from 'ioredis';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {RedisCluster} from '../../tools/local-stack/redis/redis-cluster.ts';
import {findRedisBinary, startRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {readSettings} from '../start/plan.ts';
import {checkBus, checkQueue} from './redis.ts';
import {doctorSettings} from './settings.ts';

const binary = await findRedisBinary();

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

async function redis(settings: readonly string[] = []): Promise<string> {
  const started = await startRedisBinary(binary!, {settings});
  stack.defer(() => started.close());
  return `redis://127.0.0.1:${started.port}`;
}

async function told(check: typeof checkBus, env: Record<string, string>): Promise<string> {
  const findings = await check(doctorSettings(readSettings(env)));
  return findings.map(({level, what, cure = ''}) => `${level}: ${what} ${cure}`).join('\n');
}
const bus = (REDIS_URL: string) => told(checkBus, {REDIS_URL});

const AS_THE_RUNBOOK_WANTS = ['--client-output-buffer-limit', 'pubsub 8mb 2mb 2', '--appendonly', 'yes'];

describe.skipIf(!binary)('an operator who asks about a Redis', {timeout: 60_000}, () => {
  test('learns its version, that no right is missing, and how fast it answers', async () => {
    expect(await bus(await redis(AS_THE_RUNBOOK_WANTS))).toMatch(
      /^\w+: (Redis|Valkey) \d+\.\d+\.\d+ at 127\.0\.0\.1:\d+: all rights, answers in \d+\.\d ms/,
    );
  });

  test('is told what the runbook would set in another way', async () => {
    const full = ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru', '--maxclients', '60'];
    const url = await redis([...full, '--client-output-buffer-limit', 'pubsub 0 0 0']);
    const lines = await bus(url);
    expect(lines).toMatch(/warning: it throws keys away when it is full \(maxmemory-policy allkeys-lru\)/);
    expect(lines).toMatch(/warning: only \d+ more connections are possible/);
    expect(lines).toMatch(/warning: it buffers without limit for a process that hangs/);
    expect(lines).toMatch(/warning: it loses what it holds when it restarts, and finished calls wait here too/);
  });

  test('is told what a user lacks, in the words of Redis, and is not shown the password', async () => {
    const url = await redis();
    const operator = new Redis(url);
    stack.defer(() => operator.disconnect());
    await operator.call('ACL', 'SETUSER', 'narrow', 'on', '>secret', '~*', '&*', '+@all', '-hset');
    const lines = await bus(url.replace('redis://', 'redis://narrow:secret@'));
    expect(lines).toMatch(/^broken: REDIS_URL: its user may not .* \+hset/);
    expect(lines).not.toContain('secret');
  });

  test('learns as much as a managed Redis tells: CONFIG and INFO may be forbidden', async () => {
    const url = await redis(AS_THE_RUNBOOK_WANTS);
    const operator = new Redis(url);
    stack.defer(() => operator.disconnect());
    await operator.call('ACL', 'SETUSER', 'managed', 'on', '>secret', '~*', '&*', '+@all', '-config', '-info');
    expect(await bus(url.replace('redis://', 'redis://managed:secret@'))).toMatch(/^\w+: .* all rights/);
  });

  test('is told that nothing answers, or that it is another’s port', async () => {
    expect(await bus('redis://127.0.0.1:1')).toMatch(/^broken: REDIS_URL: no Redis answers at 127\.0\.0\.1:1/);
    expect(await told(checkBus, {})).toMatch(/^skipped: /);
  });

  test('has the queue looked at apart, which must keep its data', async () => {
    const [first, second] = [await redis(AS_THE_RUNBOOK_WANTS), await redis()];
    expect(await told(checkQueue, {REDIS_URL: first, QUEUE_REDIS_URL: second})).toMatch(
      /warning: it loses what it holds when it restarts, and finished calls wait here/,
    );
    expect(await told(checkQueue, {REDIS_URL: first, QUEUE_REDIS_URL: first})).not.toContain('loses');
    expect(await told(checkQueue, {REDIS_URL: first})).toMatch(/^skipped: /);
  });

  test('is told what a Cluster lacks', {timeout: 120_000}, async () => {
    const cluster = stack.use(await RedisCluster.start(binary!, {masters: 3, replicas: 0, needsAllShards: true}));
    const lines = await bus(cluster.url);
    expect(lines).toMatch(/^\w+: .*Cluster of 3 masters: all rights/);
    expect(lines).toMatch(/warning: 3 of 3 masters have no replica/);
    expect(lines).toMatch(/warning: a shard without a master stops all others/);
  });
});
