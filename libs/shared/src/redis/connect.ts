import type {Log} from '../observability/log.ts';
import {OutageLog} from '../observability/outage-log.ts';
import {systemClock, type Clock, type Millis} from '../time.ts';
import {makeClient, nodesOf, type ClientOptions, type RedisClient} from './client.ts';
import {redisTroubleOf} from './redis-trouble.ts';

export type {RedisClient} from './client.ts';

/**
 * The use of a connection; settings that suit one use harm another. `commands`: our keys; waits through a short outage.
 * `queue`: BullMQ, which wants to retry for ever. Frames have connections of their own (bus/media-connection.ts).
 */
export type RedisRole = 'commands' | 'queue';

/** Constant and short: a call is silent while we wait. */
const RETRY_MS = 50;
/** A connection that is lost again within this time counts as the same outage. */
const SETTLED: Millis = 1_000;
/**
 * A node of a Cluster that leaves a command unanswered for this long is asked again on another connection, and then its
 * successor is, if there is one. Not of a single Redis: nobody takes over there, and it would do everything twice. Not of
 * the queue, which waits for jobs.
 */
const HANGS_AFTER: Millis = 1_000;
/** A demoted primary is left at most this often: its address may still lead to it. */
const LEAVE_EVERY: Millis = 1_000;

const constantly = () => RETRY_MS;
const SETTINGS = {
  commands: {connectTimeout: 1_000, maxRetriesPerRequest: 200, retryStrategy: constantly},
  // Records can wait. A process that is busy starting does not see for a second that it is connected.
  queue: {
    connectTimeout: 5_000,
    maxRetriesPerRequest: null,
    retryStrategy: (attempt: number) => Math.min(50 * 2 ** attempt, 2_000),
  },
} satisfies Record<RedisRole, ClientOptions>;

/**
 * Opens a connection. `url` is the answer of `checkRedis`; call that first if the process must not start without Redis.
 * Does not wait for the connection.
 */
export function openRedis(url: string, role: RedisRole, log: Log, clock: Clock = systemClock): RedisClient {
  const options = {
    noDelay: true,
    connectionName: `voicebridge-${role}`,
    ...SETTINGS[role],
    ...(role === 'commands' && nodesOf(url).cluster ? {socketTimeout: HANGS_AFTER} : {}),
    reconnectOnError: leaveReplica(clock),
  };
  const client = makeClient(url, options, {clusterRetryStrategy: constantly});
  const outages = new OutageLog(clock, SETTLED, {
    away: thrown => log.warn({role, err: thrown}, 'redis is away'),
    back: outage => log.info({role, ...outage}, 'redis is back'),
  });
  client.on('ready', () => outages.worked());
  client.on('error', (error: Error) => outages.failed(error));
  client.on('end', () => outages[Symbol.dispose]());
  return client;
}

/**
 * A command that a replica refused was not done. It can be sent again after the address was resolved again, which may
 * lead to a primary by now. If it is the replica again, the refusal is the answer.
 */
function leaveReplica(clock: Clock): (error: Error) => 2 | false {
  let left = Number.NEGATIVE_INFINITY;
  return error => {
    if (redisTroubleOf(error) !== 'read-only' || clock.now() - left < LEAVE_EVERY) return false;
    left = clock.now();
    return 2;
  };
}
