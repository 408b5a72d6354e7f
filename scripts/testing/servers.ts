import {readFileSync} from 'node:fs';
import type {TestProject} from 'vitest/node';
import {parse} from 'yaml';
import {z} from 'zod';
import {nodesOf} from '@voicebridge/shared/redis/client.ts';
import {messageOf} from '@voicebridge/shared/errors.ts';
import {findPostgres} from '../../services/analytics/src/testing/private-postgres.ts';
import type {PostgresSource} from '../../services/analytics/src/testing/test-postgres.ts';
import {whyNoContainer} from '../../tools/local-stack/containers.ts';
import {findRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {provideRedis} from '../../tools/local-stack/redis/local-redis.ts';
import {RedisCluster} from '../../tools/local-stack/redis/redis-cluster.ts';
import {startClusterContainer, startRedisContainer} from '../../tools/local-stack/redis/redis-container.ts';

/** A Redis that a test runs on, as REDIS_URL names it. */
interface TestRedis {
  readonly kind: 'one Redis' | 'a Redis Cluster';
  readonly url: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL of the Redis that all tests of this run share; each test uses keys of its own. */
    redisUrl: string;
    /** That Redis and, if REDIS_URL names none and there is more than the embedded one, a Cluster as well. */
    redisKinds: readonly TestRedis[];
    /** Where a test that needs PostgreSQL gets one of its own. */
    postgres: PostgresSource;
    /** The image of Redis, for tests about containers; empty if none can be started. */
    redisImage: string;
  }
}

interface Servers {
  readonly redis: readonly TestRedis[];
  readonly postgres: PostgresSource;
  readonly redisImage?: string;
  /** What they are, for people. */
  readonly names: readonly string[];
}

/**
 * The servers of the tests about Redis and PostgreSQL: in containers where a Docker engine answers, else those of this
 * machine. One Redis for all tests, a Cluster for those about Redis itself, and a PostgreSQL. Says in one line which it took.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using stack = new AsyncDisposableStack();
  const asked = whatWasAsked();
  const found = asked === undefined ? await inContainers(stack, why => giveUp(project, why)) : asked;
  const {redis, postgres, redisImage = '', names} = typeof found === 'string' ? await ofThisMachine(stack) : found;
  const why = typeof found === 'string' ? ` (${found})` : '';
  console.log(`[${project.name}] ${names.join('; ')}${why}`);
  project.provide('redisUrl', redis[0]?.url ?? '');
  project.provide('redisKinds', redis);
  project.provide('postgres', postgres);
  project.provide('redisImage', redisImage);
  const owned = stack.move();
  return () =>
    owned.disposeAsync().catch((thrown: unknown) => {
      throw new Error(reasonsIn(thrown), {cause: thrown});
    });
}

/** What went wrong while several were stopped, in one line. */
function reasonsIn(thrown: unknown): string {
  if (!(thrown instanceof SuppressedError)) return messageOf(thrown);
  return `${reasonsIn(thrown.suppressed)}; ${reasonsIn(thrown.error)}`;
}

/** Which variable asks for servers of its own choice; undefined if none does. */
function whatWasAsked(): string | undefined {
  const {REDIS_URL, REDIS_SERVER, VOICEBRIDGE_REDIS, TEST_CONTAINERS} = process.env;
  if (TEST_CONTAINERS === 'off') return 'TEST_CONTAINERS=off';
  const asked = Object.entries({REDIS_URL, REDIS_SERVER, VOICEBRIDGE_REDIS}).find(([, value]) => value);
  return asked && `as ${asked[0]} says`;
}

/** Without its servers each test that is left would wait in vain. */
function giveUp({name, vitest}: TestProject, why: string): void {
  vitest.state.catchError(new Error(`[${name}] ${why}: the rest of this run is given up`), 'Servers of the tests');
  void vitest.cancelCurrentRun('test-failure');
}

/** The servers in containers, or why there are none. `lost` is told if they go away later. */
async function inContainers(stack: AsyncDisposableStack, lost: (why: string) => void): Promise<Servers | string> {
  const images = imagesOfTests();
  const why = (await whyNoContainer(images.redis)) ?? (await whyNoContainer(images.postgres));
  if (why !== undefined) return why;
  await using started = new AsyncDisposableStack();
  try {
    const [one, cluster] = await Promise.all([
      startRedisContainer(images.redis).then(redis => started.use(redis)),
      startClusterContainer(images.redis).then(redis => started.use(redis)),
    ]);
    stack.use(started.move());
    for (const server of [one, cluster]) server.onLost(lost);
    return {
      redis: [
        {kind: 'one Redis', url: one.url},
        {kind: 'a Redis Cluster', url: cluster.url},
      ],
      postgres: {image: images.postgres},
      redisImage: images.redis,
      names: [
        `Redis: container ${images.redis}`,
        `Cluster of 3+3: container ${images.redis}`,
        `PostgreSQL: container ${images.postgres}`,
      ],
    };
  } catch (thrown) {
    return `no container started: ${messageOf(thrown).slice(0, 120)}`;
  }
}

/** REDIS_URL, or a server of this machine, or the embedded one. */
async function ofThisMachine(stack: AsyncDisposableStack): Promise<Servers> {
  const {REDIS_URL: url, VOICEBRIDGE_REDIS: kind} = process.env;
  const said: string[] = [];
  const one = await provideRedis({url, kind, log: line => said.push(line)});
  stack.defer(() => one.close());
  const redis: TestRedis[] = [{kind: nodesOf(one.url).cluster ? 'a Redis Cluster' : 'one Redis', url: one.url}];
  const binary = one.kind === 'private' ? await findRedisBinary() : undefined;
  const names = [binary ? `Redis: local ${binary.command} ${binary.version}` : (said.at(-1) ?? '')];
  if (binary) {
    const cluster = stack.use(await RedisCluster.start(binary, {replicas: 1}));
    redis.push({kind: 'a Redis Cluster', url: cluster.url});
    names.push(`Cluster of 3+3: local ${binary.command} ${binary.version}`);
  }
  const bin = await findPostgres();
  names.push(`PostgreSQL: ${bin === undefined ? 'none' : `local ${bin}`}`);
  return {redis, names, postgres: bin === undefined ? {missing: 'this machine has no initdb'} : {bin}};
}

/** The images that operators run, so that tests follow when these are updated; REDIS_IMAGE and POSTGRES_IMAGE name others. */
function imagesOfTests(): {redis: string; postgres: string} {
  const Image = z.object({image: z.string()});
  const {services} = z
    .object({services: z.object({'redis-bus': Image, postgres: Image})})
    .parse(parse(readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8'), {merge: true}));
  const {REDIS_IMAGE, POSTGRES_IMAGE} = process.env;
  return {redis: REDIS_IMAGE || services['redis-bus'].image, postgres: POSTGRES_IMAGE || services.postgres.image};
}
