import {randomBytes} from 'node:crypto';
import {messageOf} from '../errors.ts';
import {makeClient, nodesOf} from './client.ts';
import {redisTroubleOf} from './redis-trouble.ts';
import {rightsFor, type RedisUse} from './redis-users.ts';

/** How each command is tried, after the name of the key. Those that are left out need no argument. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  set: ['', 'px', '5000'],
  expire: ['5'],
  pexpire: ['5000'],
  pexpireat: ['1'],
  hset: ['a', '1'],
  hmset: ['a', '1'],
  hget: ['a'],
  hmget: ['a'],
  hdel: ['a'],
  hexists: ['a'],
  hincrby: ['a', '1'],
  xadd: ['*', 'a', '1'],
  xrange: ['-', '+'],
  xtrim: ['maxlen', '0'],
  xdel: ['0-1'],
  lpush: ['a'],
  rpush: ['a'],
  lrange: ['0', '-1'],
  lrem: ['0', 'a'],
  lindex: ['0'],
  lpos: ['a'],
  lset: ['0', 'a'],
  ltrim: ['0', '-1'],
  rpoplpush: [],
  sadd: ['a'],
  srem: ['a'],
  sismember: ['a'],
  sscan: ['0'],
  zadd: ['1', 'a'],
  zrem: ['a'],
  zscore: ['a'],
  zcount: ['0', '1'],
  zrange: ['0', '-1'],
  zrangebylex: ['-', '+'],
  zrangebyscore: ['0', '1'],
  zrevrange: ['0', '-1'],
  zrevrangebyscore: ['1', '0'],
  zremrangebyrank: ['0', '-1'],
  zremrangebyscore: ['0', '1'],
  zlexcount: ['-', '+'],
  bzpopmin: ['0.001'],
};
/** A list is moved to itself, and a script is named before its key. */
const sentAs = (command: string, key: string): readonly string[] => {
  if (command === 'eval') return ['return 1', '1', key];
  if (command === 'evalsha') return ['0'.repeat(40), '1', key];
  if (command === 'rpoplpush') return [key, key];
  return [key, ...(ARGUMENTS[command] ?? [])];
};

const TIMEOUT_MS = 3_000;

/**
 * Tries everything that we need, on keys and channels of our own patterns. Resolves with the missing rights in the
 * words of `ACL SETUSER`; empty if none is missing. Rejects if Redis refuses for another reason or does not answer.
 */
export async function missingRights(url: string, use: RedisUse): Promise<string[]> {
  const {keys, channels} = rightsFor(use);
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
    for (const {key, commands} of keys) {
      // First a key that does not last, so that no command leaves one behind, and at last none.
      const order = ['set', ...commands.filter(command => command !== 'set' && command !== 'del'), 'del'];
      for (const command of order.filter(each => commands.includes(each)))
        await tried(client.call(command, ...sentAs(command, name(key))), {command, key});
    }
    for (const channel of channels) {
      await tried(client.spublish(name(channel), ''), {command: 'spublish', channel});
      await tried(listener.ssubscribe(name(channel)), {command: 'ssubscribe', channel});
    }
    // Needed only while slots move, so it would be missed late.
    if (nodesOf(url).cluster) await tried(client.call('asking'), {command: 'asking'});
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
