import {randomBytes} from 'node:crypto';
import {RedisCallDirectory} from '@voicebridge/shared/call-directory/redis-call-directory.ts';
import {CallSid, type Ticket} from '@voicebridge/shared/protocol/ids.ts';
import {checkRedis} from '@voicebridge/shared/redis/check-redis.ts';
import {makeClient} from '@voicebridge/shared/redis/client.ts';

/** Lets this ticket in, for a call that there is not. Resolves with whether that was possible. */
export type LetIn = (ticket: Ticket) => Promise<boolean>;

/** Puts the ticket into the Redis that the edges should have. */
export function letInBy(redisUrl: string | undefined): LetIn {
  return async ticket => {
    if (redisUrl === undefined) return false;
    try {
      const {url} = await checkRedis(redisUrl);
      const client = makeClient(url, {connectTimeout: 3_000, commandTimeout: 3_000, enableReadyCheck: false});
      client.on('error', () => {}); // the check of Redis tells
      try {
        const callSid = CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
        await new RedisCallDirectory(client).putTicket(ticket, {callSid, epoch: 1});
        return true;
      } finally {
        client.disconnect();
      }
    } catch {
      return false; // the check of Redis tells
    }
  };
}
