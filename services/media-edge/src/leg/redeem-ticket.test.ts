import {expect, test} from 'vitest';
import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import type {TicketGrant} from '@voicebridge/shared/call-directory/call-directory.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {busyEdge} from '../testing/busy-edge.ts';
import {newCallSid, newTicket, TwilioClient} from '../testing/twilio-client.ts';
import {START_WITHIN_MS} from './leg-liveness.ts';
import {redeemTicket} from './redeem-ticket.ts';

test('a socket with a ticket that was used before is closed, and the first socket keeps its call', async () => {
  const {harness, worker, closed} = await busyEdge();
  const {callSid, ticket} = await harness.call(worker);
  const caller = await TwilioClient.signed(harness.edge.port, ticket, callSid).open();
  caller.start();
  await harness.until(() => worker.asked.length === 2, 'the caller is bridged');
  const replayed = await TwilioClient.signed(harness.edge.port, ticket, callSid).open();
  replayed.start();
  await closed(replayed);
  expect(await replayed.closed).toBe(1008);
  expect(caller.socket.readyState).toBe(caller.socket.OPEN);
  expect(worker.asked).toHaveLength(2);
});

const log = createLog('test', {level: 'silent'});

/** A ticket for a call, on a directory that fails `failures` times before it answers. */
async function ticketIn({failures}: {readonly failures: number}) {
  const clock = new FakeClock();
  const memory = new MemoryCallDirectory(clock);
  const [ticket, grant] = [newTicket(), {callSid: newCallSid(), epoch: 1}];
  await memory.putTicket(ticket, grant);
  let tries = 0;
  const directory = {
    async takeTicket(wanted: typeof ticket): Promise<TicketGrant | undefined> {
      tries += 1;
      if (tries <= failures) throw new Error('Redis does not answer');
      return memory.takeTicket(wanted);
    },
  };
  return {clock, ticket, grant, memory, deps: {directory, clock, log}};
}

test('a ticket is taken from the directory in the moment in which the socket is opened', async () => {
  const {ticket, grant, memory, deps} = await ticketIn({failures: 0});
  const entrance = redeemTicket(ticket, deps);
  expect(entrance).toMatchObject({by: 'ticket', ticket});
  expect(await memory.takeTicket(ticket)).toBeUndefined();
  expect(entrance.by === 'ticket' && (await entrance.grant)).toEqual(grant);
});

test('a ticket is redeemed although Redis does not answer for a second', async () => {
  const {clock, ticket, grant, deps} = await ticketIn({failures: 10});
  const entrance = redeemTicket(ticket, deps);
  await clock.advanceAsync(1_100, 10);
  expect(entrance.by === 'ticket' && (await entrance.grant)).toEqual(grant);
});

test('a ticket is worth nothing when Redis does not answer before the start message must have come', async () => {
  const {clock, ticket, deps} = await ticketIn({failures: Number.POSITIVE_INFINITY});
  const entrance = redeemTicket(ticket, deps);
  await clock.advanceAsync(START_WITHIN_MS + 100, 10);
  expect(entrance.by === 'ticket' && (await entrance.grant)).toBeUndefined();
  expect(clock.waiting).toBe(0);
});

test('a client without a ticket comes in by no ticket', async () => {
  const {deps} = await ticketIn({failures: 0});
  expect(redeemTicket(undefined, deps)).toEqual({by: 'noTicket'});
});
