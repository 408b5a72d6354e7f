import type {TestProject} from 'vitest/node';
import {provideRedis} from '../../tools/local-stack/redis/local-redis.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL of the Redis that all tests of this run share; each test uses keys of its own. */
    redisUrl: string;
  }
}

/** Gives a test project one Redis: REDIS_URL if set, otherwise one for this run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = await provideRedis({
    url: process.env['REDIS_URL'],
    kind: process.env['VOICEBRIDGE_REDIS'],
    log: line => console.log(`[${project.name}] ${line}`),
  });
  project.provide('redisUrl', redis.url);
  return () => redis.close();
}
