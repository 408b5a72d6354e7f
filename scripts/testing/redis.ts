import type {TestProject} from 'vitest/node';
import {nodesOf} from '@voicebridge/shared/redis/client.ts';
import {findRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {provideRedis} from '../../tools/local-stack/redis/local-redis.ts';
import {RedisCluster} from '../../tools/local-stack/redis/redis-cluster.ts';

/** A Redis that a test runs on, as REDIS_URL names it. */
interface TestRedis {
  readonly kind: 'one Redis' | 'a Redis Cluster';
  readonly url: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL of the Redis that all tests of this run share; each test uses keys of its own. */
    redisUrl: string;
    /** That Redis and, if REDIS_URL names none and a server is on this machine, a Cluster as well. */
    redisKinds: readonly TestRedis[];
  }
}

/**
 * Gives a test project one Redis: REDIS_URL if set, otherwise one for this run. The suites about Redis itself get a
 * Cluster of three masters, too.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using stack = new AsyncDisposableStack();
  const {REDIS_URL: url, VOICEBRIDGE_REDIS: kind} = process.env;
  const log = (line: string) => console.log(`[${project.name}] ${line}`);
  const redis = await provideRedis({url, kind, log});
  stack.defer(() => redis.close());
  const kinds: TestRedis[] = [{kind: nodesOf(redis.url).cluster ? 'a Redis Cluster' : 'one Redis', url: redis.url}];
  const binary = redis.kind === 'private' && project.name === 'redis' ? await findRedisBinary() : undefined;
  if (binary) {
    const cluster = stack.use(await RedisCluster.start(binary));
    log(`Redis: started a Cluster of three masters, too`);
    kinds.push({kind: 'a Redis Cluster', url: cluster.url});
  }
  project.provide('redisUrl', redis.url);
  project.provide('redisKinds', kinds);
  const owned = stack.move();
  return () => owned.disposeAsync();
}
