import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Redis} from 'ioredis';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {openRedisMediaBus} from '@voicebridge/shared/bus/redis-media-bus.ts';
import {RedisCallDirectory} from '@voicebridge/shared/call-directory/redis-call-directory.ts';
import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {RedisFleet} from '@voicebridge/shared/fleet/redis-fleet.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {systemClock as clock} from '@voicebridge/shared/time.ts';
import {
  findRedisBinary,
  startRedisBinary,
  type PrivateRedis,
  type PrivateRedisOptions,
} from '../../../tools/local-stack/redis/private-redis.ts';
import {EdgeEnv} from './config.ts';
import {startMediaEdge, type MediaEdge} from './start-media-edge.ts';
import {PUBLIC_URL, TOKEN} from './testing/twilio-client.ts';

const binary = await findRedisBinary();
const log = createLog('test', {level: 'silent'});
/** Slow enough that an edge asks while the data is being loaded; the server answers between two pieces of it. */
const LOADS_SLOWLY = ['--key-load-delay', '20000', '--loading-process-events-interval-bytes', '1024'];

let stack: AsyncDisposableStack;
let edge: MediaEdge;
let operator: Redis;
let redis: PrivateRedis;
/** Ends the server and starts another one in its place, with its data. */
let restart: (settings: readonly string[]) => Promise<void>;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'voicebridge-unusable-'));
  stack.defer(() => rm(dir, {recursive: true, force: true}));
  const start = (options: PrivateRedisOptions) => startRedisBinary(binary!, {dir, persist: true, ...options});
  redis = await start({});
  const {port} = redis;
  stack.defer(() => redis.close());
  restart = async settings => {
    await redis.close();
    redis = await start({port, settings});
  };
  operator = stack.adopt(new Redis(port, '127.0.0.1'), client => client.disconnect());
  operator.on('error', () => {});
  const url = `redis://127.0.0.1:${port}`;
  const commands = stack.adopt(openRedis(url, 'commands', log), client => client.disconnect());
  const bus = stack.use(await openRedisMediaBus(url, {clock, log, followers: [commands]}));
  const env = {PORT: '0', PUBLIC_EDGE_URL: PUBLIC_URL, TWILIO_AUTH_TOKEN: TOKEN, REDIS_URL: url};
  const directory = new RedisCallDirectory(commands);
  const deps = {bus, directory, fleet: new RedisFleet(commands), clock, log, random: Math.random};
  edge = stack.use(await startMediaEdge(loadConfig(EdgeEnv, env), deps));
  await says({ready: true}, 'voicebridge_redis_up{service="media-edge"} 1');
});
afterEach(() => stack.disposeAsync());

const ask = (path: string) => fetch(`http://127.0.0.1:${edge.port}${path}`);
async function says(ready: object, ...metrics: string[]): Promise<void> {
  await vi.waitFor(
    async () => {
      expect(await (await ask('/readyz')).json()).toEqual(ready);
      const lines = (await (await ask('/metrics')).text()).split('\n');
      expect(lines).toEqual(expect.arrayContaining(metrics));
    },
    {timeout: 15_000, interval: 20},
  );
}
const says503 = (why: string, reason: string) =>
  says(
    {ready: false, reason: why},
    'voicebridge_redis_up{service="media-edge"} 0',
    `voicebridge_redis_trouble{reason="${reason}",service="media-edge"} 1`,
  );
const closeOtherClients = async () => {
  await operator.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await operator.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
};

describe.skipIf(!binary)('an edge is not ready, and says why, while its Redis', {timeout: 60_000}, () => {
  test('accepts no more connections', async () => {
    await operator.config('SET', 'maxclients', '1');
    await closeOtherClients();
    await says503('Redis takes no more connections (maxclients)', 'max-clients');
    await operator.config('SET', 'maxclients', '1000');
    await says({ready: true});
  });

  test('asks for a password that was changed', async () => {
    await operator.config('SET', 'requirepass', 'another');
    await closeOtherClients();
    await says503('Redis refuses our password', 'password');
    await operator.config('SET', 'requirepass', '');
    await says({ready: true});
  });

  test('loads its data after a restart', async () => {
    const pipeline = operator.pipeline();
    for (let key = 0; key < 200; key += 1) pipeline.set(`filler:${key}`, 'x'.repeat(2_000));
    await pipeline.exec();
    await operator.config('SET', 'rdbcompression', 'no');
    await operator.call('BGREWRITEAOF');
    await vi.waitFor(
      async () => expect(await operator.info('persistence')).toContain('aof_rewrite_in_progress:0'),
      5_000,
    );
    const restarted = restart(LOADS_SLOWLY);
    await says503('Redis is loading its data', 'loading');
    await restarted;
    await says({ready: true});
  });
});
