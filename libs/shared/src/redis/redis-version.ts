import {CannotStart} from '../errors.ts';

/** The product and version of a Redis. Valkey also reports the Redis version that it is compatible with. */
export interface RedisVersion {
  readonly flavor: 'redis' | 'valkey';
  readonly version: string;
}

/** Sharded pub/sub came with Redis 7; every Valkey has it. */
const OLDEST_MAJOR = 7;

/** Reads the answer of `INFO server`. Throws `CannotStart` if that Redis is too old. */
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
