import {expect, test} from 'vitest';
import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import type {TicketGrant} from '@voicebridge/shared/call-directory/call-directory.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {busyEdge} from '../testing/busy-edge.ts';
import {newCallSid, newTicket, TwilioClient} from '../testing/twilio-client.ts';
import {redeemTicket, TAKE_WITHIN_MS} from './redeem-ticket.ts';

test('a handshake that was seen opens nothing a second time, and its caller keeps the call', async () => {
  const {harness, worker, refusals} = await busyEdge();
  const {callSid, ticket} = await harness.call(worker);
  const caller = await TwilioClient.signed(harness.edge.port, ticket, callSid).open();
  caller.start();
  await harness.until(() => worker.asked.length === 2, 'the caller is bridged');
  const replays = Array.from({length: 450}, () => TwilioClient.signed(harness.edge.port, ticket, callSid).answered);
  expect(new Set(await Promise.all(replays))).toEqual(new Set([410]));
  expect(caller.socket.readyState).toBe(caller.socket.OPEN);
  expect(worker.asked).toHaveLength(2);
  expect(await refusals()).toEqual(['voicebridge_sockets_refused_total{reason="ticket",service="media-edge"} 450']);
  const next = await harness.call(worker);
  expect(await TwilioClient.signed(harness.edge.port, next.ticket, next.callSid).answered).toBe(101);
});

test('of a handshake and its copy that come at once one is opened', async () => {
  const {harness, worker} = await busyEdge();
  const {callSid, ticket} = await harness.call(worker);
  const both = [1, 2].map(() => TwilioClient.signed(harness.edge.port, ticket, callSid).answered);
  expect((await Promise.all(both)).toSorted((a, b) => a - b)).toEqual([101, 410]);
});

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
  return {clock, ticket, grant, memory, deps: {directory, clock, tickets: {failed: () => {}, worked: () => {}}}};
}

test('a ticket is redeemed once', async () => {
  const {ticket, grant, deps} = await ticketIn({failures: 0});
  expect(await redeemTicket(ticket, deps)).toEqual({by: 'ticket', ticket, grant});
  expect(await redeemTicket(ticket, deps)).toEqual({by: 'nothing', why: 'spent'});
});

test('a ticket is redeemed although Redis does not answer for a second', async () => {
  const {clock, ticket, grant, deps} = await ticketIn({failures: 10});
  const redeemed = redeemTicket(ticket, deps);
  await clock.advanceAsync(1_100, 10);
  expect(await redeemed).toEqual({by: 'ticket', ticket, grant});
});

test('a handshake is refused when Redis does not answer in time, and its ticket stays good', async () => {
  const {clock, ticket, grant, memory, deps} = await ticketIn({failures: Number.POSITIVE_INFINITY});
  const redeemed = redeemTicket(ticket, deps);
  await clock.advanceAsync(TAKE_WITHIN_MS + 100, 10);
  expect(await redeemed).toEqual({by: 'nothing', why: 'unknown'});
  expect(clock.waiting).toBe(0);
  expect(await memory.takeTicket(ticket)).toEqual(grant);
});

test('a client without a ticket comes in by no ticket', async () => {
  const {deps} = await ticketIn({failures: 0});
  expect(await redeemTicket(undefined, deps)).toEqual({by: 'noTicket'});
});
