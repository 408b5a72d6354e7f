import {Redis} from 'ioredis';
import {CannotStart, messageOf} from '../errors.ts';
import type {Millis} from '../time.ts';

/** What a Redis says it is. Valkey answers with the Redis version it is compatible with, too. */
export interface RedisVersion {
  readonly flavor: 'redis' | 'valkey';
  readonly version: string;
}

/** Sharded pub/sub came with Redis 7; every Valkey has it. */
const OLDEST_MAJOR = 7;
/** How long a Redis may take to answer the first time. */
const CONNECT_TIMEOUT: Millis = 3_000;

/** Reads the answer of `INFO server`. Throws `CannotStart` when that Redis is too old to carry a call. */
export function readRedisVersion(info: string): RedisVersion {
  const field = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  const valkey = field('valkey_version');
  const version = valkey ?? field('redis_version');
  if (version === undefined) throw new CannotStart('Redis does not say its version; Redis 7 or Valkey is needed.');
  if (valkey === undefined && Number.parseInt(version, 10) < OLDEST_MAJOR) {
    throw new CannotStart(
      `this is Redis ${version}; Redis ${OLDEST_MAJOR} or newer, or Valkey, is needed (sharded pub/sub carries the calls).`,
    );
  }
  return {flavor: valkey === undefined ? 'redis' : 'valkey', version};
}

/** Asks a connected client what it talks to. Throws `CannotStart` for Redis 6 and older. */
export async function requireRedis7(client: {info(section: string): Promise<string>}): Promise<RedisVersion> {
  return readRedisVersion(await client.info('server'));
}

/**
 * Connects once to the first of the given URLs and asks for the version. Throws `CannotStart` when nobody answers, or
 * when it is too old. No message shows a password.
 */
export async function checkRedis(url: string): Promise<RedisVersion> {
  const first = firstUrl(url);
  const client = new Redis(first, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT,
    commandTimeout: CONNECT_TIMEOUT,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let lastError: unknown;
  client.on('error', error => {
    lastError = error;
  });
  try {
    await client.connect();
    return await requireRedis7(client);
  } catch (error) {
    if (error instanceof CannotStart) throw new CannotStart(`REDIS_URL: ${error.message}`);
    throw new CannotStart(
      `REDIS_URL: no Redis answers at ${hostOf(first)} (${messageOf(lastError ?? error)}). Start it, or correct the address.`,
      {cause: error},
    );
  } finally {
    client.disconnect();
  }
}

/** Host and port of a Redis URL: what may be printed. */
export function hostOf(url: string): string {
  return URL.parse(firstUrl(url))?.host || 'the given address';
}

function firstUrl(url: string): string {
  return url.split(',')[0]?.trim() ?? url;
}
