import {messageOf} from '@voicebridge/shared/errors.ts';
import type {Log} from '@voicebridge/shared/log.ts';
import {Cluster, Redis} from 'ioredis';

export interface QueueConnection extends AsyncDisposable {
  readonly redis: Redis | Cluster;
}

/** BullMQ's own connection: unlike media it waits for as long as Redis is away, because nothing may be lost. */
export function connectQueue(url: string, log: Log): QueueConnection {
  const urls = url.split(',').map(one => one.trim());
  const settings = {
    maxRetriesPerRequest: null,
    connectionName: 'voicebridge-analytics',
    retryStrategy: (attempt: number) => Math.min(attempt * 50, 1_000),
  };
  const redis =
    urls.length > 1 ? new Cluster(urls, {redisOptions: {maxRetriesPerRequest: null}}) : new Redis(url, settings);
  // The consumer says that Redis is away; here only the reason is kept for whoever debugs.
  redis.on('error', (error: unknown) => log.debug({reason: messageOf(error)}, 'queue connection failed'));
  return {
    redis,
    async [Symbol.asyncDispose]() {
      redis.disconnect();
    },
  };
}
