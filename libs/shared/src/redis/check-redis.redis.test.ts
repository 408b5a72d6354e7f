import {spawn} from 'node:child_process';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Redis} from 'ioredis';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {createLog} from '../observability/log.ts';
import {failOver} from '../../../../tools/local-stack/redis/cluster-faults.ts';
import {RedisCluster} from '../../../../tools/local-stack/redis/redis-cluster.ts';
import {systemClock} from '../time.ts';
import {checkRedis, findRedis} from './check-redis.ts';
import {openRedis} from './connect.ts';
import {aclRules} from './redis-users.ts';
import {findRedisBinary, freePort, startRedisBinary} from '../../../../tools/local-stack/redis/private-redis.ts';
import {openRedisMediaBus} from '../bus/redis-media-bus.ts';

const binary = await findRedisBinary();
const log = createLog('test', {level: 'silent'});

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

async function redisWith(settings: readonly string[] = []): Promise<{port: number; operator: Redis}> {
  const redis = await startRedisBinary(binary!, {settings});
  const {port} = redis;
  stack.defer(() => redis.close());
  const operator = new Redis(port, '127.0.0.1');
  operator.on('error', () => {}); // of the one that asks for a password
  stack.defer(() => operator.disconnect());
  return {port, operator};
}

const problemOf = async (url: string, options = {}) =>
  String(
    await checkRedis(url, options).then(
      ({url: ok}) => `starts with ${ok}`,
      (thrown: unknown) => thrown,
    ),
  );

/** The rights of a worker, which are the most. */
const ALL_RIGHTS = (aclRules('realtime-worker', 'both') ?? '').split(' ');

describe.skipIf(!binary)('an operator whose Redis user lacks a right', () => {
  const start = async (rules: readonly string[]) => {
    const {port, operator} = await redisWith();
    await operator.call('ACL', 'SETUSER', 'bridge', 'on', '>secret', ...ALL_RIGHTS, ...rules);
    return `redis://bridge:secret@127.0.0.1:${port}`;
  };

  test('starts with the rights that npm run redis-acl prints', async () => {
    const url = await start([]);
    expect(await problemOf(url)).toBe(`starts with ${url}`);
    expect(await problemOf(url, {use: 'queue'})).toBe(`starts with ${url}`);
  });

  test.each([
    ['a channel', ['resetchannels', '&worker:*', '&asker:*', '&echo:*', '&fleet:*'], 'realtime-worker', '&media:*'],
    ['all channels', ['resetchannels'], 'realtime-worker', '&media:* &worker:* &asker:* &echo:* &fleet:*'],
    ['a command', ['-spublish', '-hincrby'], 'realtime-worker', '+hincrby +spublish'],
    ['scripts', ['-@scripting'], 'realtime-worker', '+eval +evalsha'],
    [
      'a key',
      ['resetkeys', '~fleet:*', '~call:*', '~ticket:*'],
      'realtime-worker',
      '~calls:* ~assistant:* ~says:* ~operator:* ~spend:*',
    ],
    ['the queue’s keys', ['resetkeys', '~call*'], 'queue', '~{vb}:*'],
  ] as const)('is told about %s at the start, in the words that give it', async (_, rules, use, words) => {
    const said = await problemOf(await start(rules), {
      use,
      variable: use === 'queue' ? 'QUEUE_REDIS_URL' : 'REDIS_URL',
    });
    expect(said).toContain(`its user may not do all that is needed. ACL SETUSER <user> ${words} (`);
    expect(said).toContain(use === 'queue' ? 'QUEUE_REDIS_URL' : 'REDIS_URL');
    expect(said).not.toContain('secret');
  });

  test('starts without the right to INFO, because HELLO has the version too', async () => {
    const url = await start(['-info']);
    expect(await checkRedis(url)).toMatchObject({version: binary!.version});
  });

  test('finds no key of the check left behind', async () => {
    const {port, operator} = await redisWith();
    await checkRedis(`redis://127.0.0.1:${port}`);
    await checkRedis(`redis://127.0.0.1:${port}`, {use: 'queue'});
    expect(await operator.dbsize()).toBe(0);
  });
});

describe.skipIf(!binary)('an operator whose Redis is unusable at the start', () => {
  test.each([
    ['a replica', ['--replicaof', '127.0.0.1 1'], 'Redis is a replica and takes no writes'],
    ['full', ['--maxmemory', '1'], 'Redis is full and takes no writes: give it memory'],
    ['asking for a password', ['--requirepass', 'x'], 'Redis refuses our password'],
    ['out of connections', ['--maxclients', '1'], 'ERR max number of clients reached'],
  ])('is told when it is %s', async (_, settings, words) => {
    const {port, operator} = await redisWith(settings);
    if (settings[0] !== '--requirepass') await operator.ping();
    expect(await problemOf(`redis://127.0.0.1:${port}`)).toContain(words);
  });

  test('is told that a single Redis is no Cluster', async () => {
    const {port} = await redisWith();
    const url = `redis://127.0.0.1:${port}`;
    expect(await problemOf(`${url},${url}`)).toContain('this is a single Redis: name only one');
  });

  test('is told that a Sentinel is none, and what to name instead', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'voicebridge-sentinel-'));
    stack.defer(() => rm(dir, {recursive: true}));
    await writeFile(join(dir, 'sentinel.conf'), '');
    const port = await freePort();
    const sentinel = spawn(binary!.command, [join(dir, 'sentinel.conf'), '--sentinel', '--port', String(port)]);
    stack.defer(() => void sentinel.kill());
    await vi.waitFor(
      async () =>
        expect(await problemOf(`redis://127.0.0.1:${port}`)).toContain(
          'REDIS_URL: this is a Sentinel; name the Redis it watches, by an address that follows the primary.',
        ),
      {timeout: 10_000, interval: 100},
    );
  });

  test('reads in the log that the queue’s Redis does not answer, and the worker takes calls', async () => {
    const lines: string[] = [];
    const told = createLog('test', {to: {write: line => void lines.push(line)}});
    const url = 'redis://:secret@127.0.0.1:1';
    expect(await findRedis(url, {variable: 'QUEUE_REDIS_URL', use: 'queue'}, told)).toMatchObject({url});
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('QUEUE_REDIS_URL');
    expect(lines[0]).toContain('no Redis answers at 127.0.0.1:1');
    expect(lines[0]).not.toContain('secret');
  });
});

test.skipIf(!binary)(
  'an operator whose queue’s Redis may evict records is warned, and one whose cannot is not',
  async () => {
    const lines: string[] = [];
    const told = createLog('test', {to: {write: line => void lines.push(line)}});
    for (const policy of ['noeviction', 'allkeys-lru']) {
      const {port} = await redisWith(['--maxmemory-policy', policy]);
      await findRedis(`redis://127.0.0.1:${port}`, {variable: 'QUEUE_REDIS_URL', use: 'queue'}, told);
    }
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('allkeys-lru');
  },
);

describe.skipIf(!binary)('an operator with a Redis Cluster', () => {
  test('may give one address of it, or start while the first of several is down', {timeout: 60_000}, async () => {
    const cluster = stack.use(await RedisCluster.start(binary!));
    const [url = '', second = ''] = cluster.url.split(',');
    expect(await problemOf(url)).toBe(`starts with ${url},`);
    expect(await problemOf(`redis://127.0.0.1:1,${second}`)).toBe(`starts with redis://127.0.0.1:1,${second}`);
    const {url: found} = await checkRedis(url);
    const client = stack.adopt(openRedis(found, 'commands', log), one => one.disconnect());
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) expect(await client.set(key, key)).toBe('OK');
    const bus = stack.use(await openRedisMediaBus(found, {clock: systemClock, log}));
    const heard = vi.fn();
    for (const stream of ['a', 'b', 'c', 'd', 'e', 'f']) {
      await bus.subscribe(`media:{${stream}}:up`, heard);
      await bus.publish(`media:{${stream}}:up`, Buffer.from(stream));
    }
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(6), {timeout: 5_000});
  });

  test('with a password writes to a replica that was not named, once it is the master', {timeout: 60_000}, async () => {
    const cluster = stack.use(await RedisCluster.start(binary!, {replicas: 1, password: 'p@ss:word'}));
    const client = stack.adopt(openRedis(cluster.url, 'commands', log), one => one.disconnect());
    const shard = await cluster.shardOf('b');
    expect(await client.set('b', 'before')).toBe('OK');
    await failOver(cluster, shard);
    await vi.waitFor(async () => expect(await client.set('b', 'after')).toBe('OK'), {timeout: 10_000});
    expect(await shard.replicas[0]!.client.get('b')).toBe('after');
  });
});
