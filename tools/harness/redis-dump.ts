import {Redis} from 'ioredis';

/** Everything that a Redis holds, as text: each key with its value. For looking whether it holds what it must not. */
export async function everythingIn(url: string): Promise<string> {
  const redis = new Redis(url, {maxRetriesPerRequest: 1});
  try {
    const lines: string[] = [];
    let cursor = '0';
    do {
      const [next, keys] = await redis.scan(cursor, 'COUNT', 500);
      for (const key of keys) lines.push(`${key} ${JSON.stringify(await valueOf(redis, key))}`);
      cursor = next;
    } while (cursor !== '0');
    return lines.join('\n');
  } finally {
    redis.disconnect();
  }
}

async function valueOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'string':
      return await redis.get(key);
    case 'hash':
      return await redis.hgetall(key);
    case 'list':
      return await redis.lrange(key, 0, -1);
    case 'set':
      return await redis.smembers(key);
    case 'zset':
      return await redis.zrange(key, '0', '-1');
    case 'stream':
      return await redis.xrange(key, '-', '+');
    default:
      return undefined; // it is gone by now
  }
}
