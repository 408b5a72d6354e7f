import {CALLS_QUEUE, CALLS_QUEUE_PREFIX} from '@voicebridge/shared/cdr/analytics-queue.ts';
import {HOOKS_QUEUE, HOOKS_QUEUE_PREFIX} from '@voicebridge/shared/cdr/hooks-queue.ts';
import type {Database} from '@voicebridge/analytics/database/database.ts';
import {Queue, type ConnectionOptions} from 'bullmq';
import {Redis} from 'ioredis';

/** What the two queues know of a call: the job with its record, and the job with its webhook. */
export interface Jobs {
  readonly record: string;
  readonly webhook: string;
}

/** Where the jobs of these webhooks are in Redis, while everything still runs. */
export async function jobsOf(ids: readonly string[], port: number): Promise<ReadonlyMap<string, Jobs>> {
  const connection: ConnectionOptions = {host: '127.0.0.1', port, maxRetriesPerRequest: null};
  const records = new Queue(CALLS_QUEUE, {connection, prefix: CALLS_QUEUE_PREFIX, skipVersionCheck: true});
  const hooks = new Queue(HOOKS_QUEUE, {connection, prefix: HOOKS_QUEUE_PREFIX, skipVersionCheck: true});
  const redis = new Redis(port, '127.0.0.1');
  try {
    const found = new Map<string, Jobs>();
    for (const id of ids)
      found.set(id, {
        record: await described(records, redis, id.replace(/^call\./, '')),
        webhook: await described(hooks, redis, `d.${id}`),
      });
    return found;
  } finally {
    redis.disconnect();
    await Promise.all([records.close(), hooks.close()]);
  }
}

async function described(queue: Queue, redis: Redis, id: string): Promise<string> {
  const state = await queue.getJobState(id);
  if (state === 'unknown' && (await redis.exists(queue.toKey(id))) === 0) return 'no job';
  const lock = await redis.pttl(`${queue.toKey(id)}:lock`);
  const {processedOn, delay, ats, stc, timestamp} = await redis.hgetall(queue.toKey(id));
  const ago = (at: string | undefined) => (at === undefined ? 'never' : `${Date.now() - Number(at)} ms ago`);
  return `${state}, added ${ago(timestamp)}, begun ${ago(processedOn)} (${ats ?? 0} times), delay ${delay} ms, stalled ${
    stc ?? 0
  } times, lock ${lock} ms`;
}

/** What the database says of each webhook that the receiver did not take. Analytics must have closed it before. */
export async function rowsOf(ids: readonly string[], opened: Database) {
  await using database = opened;
  const rows = await database.kysely
    .selectFrom('deliveries')
    .selectAll()
    .where('id', 'in', ['', ...ids])
    .execute();
  const calls = await database.kysely.selectFrom('calls').select(['callSid', 'recordedAt']).execute();
  return {
    stored: new Set(calls.map(({callSid}) => callSid)),
    rows: new Map(rows.map(row => [row.id, row])),
  };
}
