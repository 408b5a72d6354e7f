import {randomBytes} from 'node:crypto';
import {Redis} from 'ioredis';
import {afterAll, expect, inject, test} from 'vitest';
import {CallSid, ProcessId, Ticket} from '../protocol/ids.ts';
import {call, callJournal, CALL_TTL_S, ENDED_CALL_TTL_S, TICKET_TTL_S, ticketKey} from '../redis/keys.ts';
import {describeCallDirectory} from './call-directory.contract.ts';
import {RedisCallDirectory} from './redis-call-directory.ts';

const redis = new Redis(inject('redisUrl'));
const other = new Redis(inject('redisUrl'));
afterAll(() => {
  redis.disconnect();
  other.disconnect();
});

let turn = 0;
describeCallDirectory('in Redis', () => new RedisCallDirectory(turn++ % 2 ? redis : other));

test('every key of a call expires in Redis', async () => {
  const directory = new RedisCallDirectory(redis);
  const callSid = CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
  const ticket = Ticket.parse(randomBytes(16).toString('hex'));
  await directory.claim(callSid, {epoch: 0, owner: ProcessId.parse('worker-aaaa'), at: 0, ticket});
  await directory.append(callSid, 1, ['hello']);
  await directory.putTicket(ticket, {callSid, epoch: 1});
  const lifetimes = async () => Promise.all([redis.ttl(call(callSid)), redis.ttl(callJournal(callSid))]);
  for (const seconds of await lifetimes()) expect(seconds).toBeGreaterThan(CALL_TTL_S - 60);
  expect(await redis.ttl(ticketKey(ticket))).toBeGreaterThan(TICKET_TTL_S - 10);
  await directory.end(callSid, 1);
  for (const seconds of await lifetimes()) {
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(ENDED_CALL_TTL_S);
  }
});

test('a call can be claimed on a Redis that does not have our scripts yet', async () => {
  await redis.script('FLUSH');
  const directory = new RedisCallDirectory(redis);
  const callSid = CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
  const claim = await directory.claim(callSid, {epoch: 0, owner: ProcessId.parse('worker-aaaa'), at: 0});
  expect(claim.won).toBe(true);
});
