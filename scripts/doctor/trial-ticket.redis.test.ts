import {randomBytes} from 'node:crypto';
import {Redis} from 'ioredis';
import {expect, inject, test} from 'vitest';
import {RedisCallDirectory} from '@voicebridge/shared/call-directory/redis-call-directory.ts';
import {Ticket} from '@voicebridge/shared/protocol/ids.ts';
import {letInBy} from './trial-ticket.ts';

const newTicket = () => Ticket.parse(randomBytes(16).toString('hex'));

test('an edge with the same Redis finds the ticket that was left for it, and that call is nobody’s', async () => {
  const ticket = newTicket();
  expect(await letInBy(inject('redisUrl'))(ticket)).toBe(true);
  const redis = new Redis(inject('redisUrl'));
  const grant = await new RedisCallDirectory(redis).takeTicket(ticket);
  expect(grant).toEqual({callSid: expect.stringMatching(/^CA[0-9a-f]{32}$/), epoch: 1});
  expect(await redis.exists(`call:{${grant?.callSid}}`)).toBe(0);
  redis.disconnect();
});

test('where Redis is not known or does not answer, no ticket is left', async () => {
  expect(await letInBy(undefined)(newTicket())).toBe(false);
  expect(await letInBy('redis://127.0.0.1:1')(newTicket())).toBe(false);
});
