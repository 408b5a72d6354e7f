import type {TestProject} from 'vitest/node';
import {provideRedis} from '../../tools/local-stack/redis/local-redis.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the Redis that the tests of this run share: each test takes keys of its own. */
    redisUrl: string;
  }
}

/** Gives a project of tests one Redis: REDIS_URL if set, else one that lives as long as the run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = await provideRedis({
    url: process.env['REDIS_URL'],
    kind: process.env['VOICEBRIDGE_REDIS'],
    log: line => console.log(`[${project.name}] ${line}`),
  });
  project.provide('redisUrl', redis.url);
  return () => redis.close();
}
