import {Cluster, Redis, type RedisOptions} from 'ioredis';
import type {Log} from '../log.ts';
import {checkRedis} from './redis-version.ts';

/** A connection to one Redis, or to a Redis Cluster. */
export type RedisClient = Redis | Cluster;

/**
 * What a connection is for, because the settings that suit one ruin another.
 * `commands`: keys of ours; waits through a short outage. `publish`: media; never queues and never repeats, because a
 * frame that is late or doubled is worse than one that is known to be lost. `subscribe`: media; comes back fast and
 * renews its subscriptions. `queue`: BullMQ, which wants to retry for ever.
 */
export type RedisRole = 'commands' | 'publish' | 'subscribe' | 'queue';

/** Constant and short: a call is silent while we wait. */
const RETRY_MS = 50;

const constantly = () => RETRY_MS;
const SETTINGS = {
  commands: {maxRetriesPerRequest: 200, retryStrategy: constantly},
  publish: {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: false,
    retryStrategy: constantly,
  },
  subscribe: {autoResubscribe: true, maxRetriesPerRequest: null, retryStrategy: constantly},
  queue: {maxRetriesPerRequest: null, retryStrategy: (attempt: number) => Math.min(50 * 2 ** attempt, 2_000)},
} satisfies Record<RedisRole, RedisOptions>;

/**
 * The one way to connect: `url` is `redis://` or `rediss://`, or several of one Cluster with commas between. Does not
 * wait; call `checkRedis` first where a process must not start without Redis.
 */
export function openRedis(url: string, role: RedisRole, log: Log): RedisClient {
  const {retryStrategy, ...settings} = SETTINGS[role];
  const options = {connectTimeout: 1_000, noDelay: true, connectionName: `voicebridge-${role}`, ...settings};
  const nodes = url.split(',').map(node => node.trim());
  const [first = ''] = nodes;
  const client =
    nodes.length === 1
      ? new Redis(first, {...options, retryStrategy})
      : new Cluster(nodes, {
          redisOptions: {...options, ...(first.startsWith('rediss:') ? {tls: {}} : {})},
          shardedSubscribers: role === 'subscribe',
          // Without it ioredis never looks again, and a hung master is not noticed for as long as it hangs.
          slotsRefreshInterval: 1_000,
          enableOfflineQueue: role !== 'publish',
          clusterRetryStrategy: constantly,
        });
  let up = true;
  client.on('ready', () => {
    if (!up) log.info({role}, 'redis is back');
    up = true;
  });
  client.on('error', (error: Error) => {
    // One line per outage, not one per attempt.
    if (up) log.warn({role, err: error}, 'redis is away');
    up = false;
  });
  return client;
}

/** Like `openRedis`, after Redis has answered and said that it is new enough. Rejects with `CannotStart`. */
export async function connectRedis(url: string, role: RedisRole, log: Log): Promise<RedisClient> {
  await checkRedis(url);
  return openRedis(url, role, log);
}
