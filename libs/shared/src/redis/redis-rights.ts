import {randomBytes} from 'node:crypto';
import {messageOf} from '../errors.ts';
import {makeClient} from './client.ts';
import {redisTroubleOf} from './redis-trouble.ts';

/** A right that a Redis user needs: commands with their arguments, and channels, each with its pattern. */
interface Rights {
  readonly commands: readonly (readonly [pattern: string, command: string, ...args: string[]])[];
  readonly channels: readonly string[];
}

/** Every command that our keys need, also in scripts, each on a key that is used for nothing else. */
const CALLS: Rights = {
  commands: [
    ...['ticket:*', 'calls:*', 'fleet:*', 'call:*'].map(key => [key, 'set', '', 'px', '5000'] as const),
    ['call:*', 'getdel'],
    ['call:*', 'hset', 'a', '1'],
    ['call:*', 'hget', 'a'],
    ['call:*', 'hmget', 'a'],
    ['call:*', 'hgetall'],
    ['call:*', 'hincrby', 'a', '1'],
    ['call:*', 'hdel', 'a'],
    ['call:*', 'exists'],
    ['call:*', 'expire', '5'],
    ['call:*', 'pexpire', '5000'],
    ['call:*', 'ttl'],
    ['call:*', 'pttl'],
    ['call:*', 'del'],
    ['call:*', 'xadd', '*', 'a', '1'],
    ['call:*', 'xrange', '-', '+'],
    ['call:*', 'del'],
    ['calls:*', 'del'],
    ['calls:*', 'sadd', 'a'],
    ['calls:*', 'smembers'],
    ['calls:*', 'srem', 'a'],
    ['fleet:*', 'del'],
    ['fleet:*', 'zadd', '1', 'a'],
    ['fleet:*', 'zrange', '0', '-1'],
    ['fleet:*', 'zscore', 'a'],
    ['fleet:*', 'zrem', 'a'],
    ['ticket:*', 'del'],
  ],
  channels: ['media:*', 'worker:*', 'asker:*', 'echo:*', 'fleet:*'],
};

/** A sample of the commands of BullMQ, one of each kind. */
const QUEUE: Rights = {
  commands: [
    ['{vb}:*', 'set', '1', 'px', '5000'],
    ['{vb}:*', 'incr'],
    ['{vb}:*', 'pexpireat', '1'],
    ['{vb}:*', 'del'],
    ['{vb}:*', 'hset', 'a', '1'],
    ['{vb}:*', 'hmset', 'a', '1'],
    ['{vb}:*', 'hexists', 'a'],
    ['{vb}:*', 'del'],
    ['{vb}:*', 'lpush', 'a'],
    ['{vb}:*', 'llen'],
    ['{vb}:*', 'lrange', '0', '-1'],
    ['{vb}:*', 'lrem', '0', 'a'],
    ['{vb}:*', 'del'],
    ['{vb}:*', 'zadd', '1', 'a'],
    ['{vb}:*', 'zrangebyscore', '0', '1'],
    ['{vb}:*', 'bzpopmin', '0.001'],
    ['{vb}:*', 'del'],
    ['{vb}:*', 'xadd', '*', 'a', '1'],
    ['{vb}:*', 'xtrim', 'maxlen', '0'],
    ['{vb}:*', 'sadd', 'a'],
    ['{vb}:*', 'scard'],
    ['{vb}:*', 'unlink'],
  ],
  channels: [],
};

/** A user that only reads. */
const FLEET: Rights = {
  commands: [
    ['fleet:*', 'zrange', '0', '-1'],
    ['fleet:*', 'hgetall'],
  ],
  channels: [],
};

const RIGHTS = {calls: CALLS, queue: QUEUE, fleet: FLEET};
/** What a Redis is used for. */
export type RedisUse = keyof typeof RIGHTS;

const TIMEOUT_MS = 3_000;

/**
 * Tries everything that we need, on keys and channels of our own patterns. Resolves with the missing rights in the
 * words of `ACL SETUSER`; empty if none is missing. Rejects if Redis refuses for another reason or does not answer.
 */
export async function missingRights(url: string, use: RedisUse): Promise<string[]> {
  const {commands, channels} = RIGHTS[use];
  const options = {
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectionName: 'voicebridge-check',
  };
  const ofCluster = {clusterRetryStrategy: () => null};
  const client = makeClient(url, options, ofCluster);
  const listener = makeClient(url, options, {...ofCluster, shardedSubscribers: true});
  const id = randomBytes(8).toString('hex');
  const name = (pattern: string) => pattern.replace('*', `{check-${id}}`);
  const missing = new Set<string>();
  let said: unknown;
  const tried = async (run: Promise<unknown>, rights: {command: string; key?: string; channel?: string}) => {
    try {
      await run;
    } catch (thrown) {
      const trouble = redisTroubleOf(thrown);
      // An error of type or syntax is no missing right.
      if (trouble === 'other') return;
      if (trouble !== 'rights') throw said ?? thrown;
      missing.add(wordOf(messageOf(thrown), rights));
    }
  };
  try {
    for (const one of [client, listener]) one.on('error', error => (said ??= error));
    for (const [pattern, command, ...args] of commands)
      await tried(client.call(command, name(pattern), ...args), {command, key: pattern});
    if (use !== 'fleet') {
      const [key = ''] = commands[0] ?? [];
      await tried(client.eval('return 1', 1, name(key)), {command: 'eval', key});
      await tried(client.evalsha('0'.repeat(40), 1, name(key)), {command: 'evalsha', key});
    }
    for (const channel of channels) {
      await tried(client.spublish(name(channel), ''), {command: 'spublish', channel});
      await tried(listener.ssubscribe(name(channel)), {command: 'ssubscribe', channel});
    }
    return [...missing];
  } finally {
    client.disconnect();
    listener.disconnect();
  }
}

/** The channel, the key or the command that Redis names as missing. */
function wordOf(message: string, rights: {command: string; key?: string; channel?: string}): string {
  if (/channel/.test(message) && rights.channel !== undefined) return `&${rights.channel}`;
  if (/\bkeys?\b/.test(message) && rights.key !== undefined) return `~${rights.key}`;
  return `+${rights.command}`;
}
