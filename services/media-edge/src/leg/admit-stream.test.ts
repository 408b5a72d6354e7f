import {expect, test} from 'vitest';
import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import type {Assignment, Owned} from '@voicebridge/shared/fleet/assign-call.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import type {Started} from '../carriers/carrier.ts';
import {busyEdge} from '../testing/busy-edge.ts';
import type {TestEdge} from '../testing/test-edge.ts';
import {newCallSid, newStreamSid, newTicket, TwilioClient} from '../testing/twilio-client.ts';
import {admitStream, type Entrance} from './admit-stream.ts';

async function ticketOf(harness: TestEdge, caller: TwilioClient) {
  return (await harness.directory.read(caller.callSid))?.ticket;
}

test('a socket is closed when it names a call that its ticket is not for', async () => {
  const {other, expectUnharmed, closed, newSocket} = await busyEdge();
  const caller = await newSocket();
  caller.start(other.callSid);
  await closed(caller);
  expect(await caller.closed).toBe(1008);
  await expectUnharmed();
});

test('a socket is closed when its audio is not μ-law', async () => {
  const {closed, newSocket} = await busyEdge();
  const caller = await newSocket();
  const {streamSid, callSid} = caller;
  const mediaFormat = {encoding: 'audio/l16', sampleRate: 16_000, channels: 1};
  caller.send({event: 'start', streamSid, start: {streamSid, callSid, mediaFormat}});
  await closed(caller);
  expect(await caller.closed).toBe(1003);
});

test('a ticket is still good when the worker handed its call over before the stream came', async () => {
  const {harness, worker} = await busyEdge();
  const {callSid, ticket} = await harness.call(worker);
  const second = await harness.worker();
  await harness.directory.claim(callSid, {epoch: 1, owner: second.id, at: 0});
  const caller = await TwilioClient.signed(harness.edge.port, ticket, callSid).open();
  caller.start();
  await harness.until(() => second.kinds(2).includes('began'), 'the new owner knows of the stream');
});

test('a second socket for a call gets the call, and the first one is closed with 1000', async () => {
  const {harness, worker, other, closed} = await busyEdge();
  const ticket = newTicket();
  const call = await harness.directory.retry(other.callSid, {
    epoch: 1,
    replaces: await ticketOf(harness, other),
    ticket,
    attempts: 0,
  });
  await harness.directory.putTicket(ticket, {callSid: other.callSid, epoch: call?.epoch ?? 0});
  const newer = await TwilioClient.signed(harness.edge.port, ticket, other.callSid).open();
  newer.start();
  await harness.until(() => worker.kinds(2).includes('began'), 'the newer stream is bridged');
  await closed(other);
  expect(await other.closed).toBe(1000);
  expect(worker.heard(1)).toContainEqual({kind: 'ended', why: 'moved'});
  const spoken = newer.speak();
  await harness.until(() => worker.audio(2).includes(spoken), 'the newer stream is heard');
});

test('a second socket for a call with the older ticket is closed, and the first one stays open', async () => {
  const {harness, worker, closed} = await busyEdge();
  const {callSid, ticket: old} = await harness.call(worker);
  const ticket = newTicket();
  await harness.directory.retry(callSid, {epoch: 1, replaces: old, ticket, attempts: 0});
  await harness.directory.putTicket(ticket, {callSid, epoch: 1});
  const newer = await TwilioClient.signed(harness.edge.port, ticket, callSid).open();
  newer.start();
  await harness.until(() => worker.asked.length === 2, 'the newer stream is bridged');
  await harness.directory.claim(callSid, {epoch: 1, owner: worker.id, at: 0});
  const late = await TwilioClient.signed(harness.edge.port, old, callSid).open();
  late.start();
  await closed(late);
  expect(newer.socket.readyState).toBe(newer.socket.OPEN);
});

test('with TWILIO_VALIDATE=off a client without a ticket gets a worker, and its parameters are no facts of the call, but may be asked about while it rings', async () => {
  const {harness, worker} = await busyEdge({TWILIO_VALIDATE: 'off'});
  const caller = await new TwilioClient(harness.edge.port, '/media-stream', newCallSid(), {}).open();
  const {streamSid, callSid} = caller;
  caller.send({event: 'start', start: {streamSid, callSid, customParameters: {who: 'a tool'}}});
  caller.send({event: 'media', media: {timestamp: 20, payload: 'AAAA'}});
  await harness.until(() => worker.audio().includes('AAAA'), 'the worker hears the client');
  const ask = worker.asked.find(ask => ask.type === 'take');
  expect(ask).toMatchObject({
    epoch: 0,
    assistant: 'default',
    facts: {},
    cause: 'plain',
    ring: {direction: 'inbound', parameters: {who: 'a tool'}},
  });
});

test('with TWILIO_VALIDATE=off a client can use its CallSid again when the call is over', async () => {
  const {harness, worker, closed} = await busyEdge({TWILIO_VALIDATE: 'off'});
  const callSid = newCallSid();
  for (let calls = 1; calls <= 2; calls += 1) {
    const caller = await new TwilioClient(harness.edge.port, '/media-stream', callSid, {}).open();
    caller.start();
    await harness.until(
      () => worker.asked.filter(ask => ask.type === 'take').length === calls,
      'the worker has the call',
    );
    await harness.until(() => worker.asked.filter(ask => ask.type === 'attach').length === calls + 1, 'it is attached');
    caller.stop();
    await closed(caller);
    await harness.directory.end(callSid, 1);
  }
});

/** Asks for admission without an edge: a directory, and a worker that takes calls or not. */
async function admission({hasWorker}: {readonly hasWorker: boolean}) {
  const clock = new FakeClock();
  const directory = new MemoryCallDirectory(clock);
  const start: Started = {
    kind: 'started',
    callSid: newCallSid(),
    streamSid: newStreamSid(),
    facts: {edgeUrl: 'wss://elsewhere'},
  };
  const stop = new AbortController();
  const workers = {
    async assign({callSid, epoch, facts}: Assignment): Promise<Owned | undefined> {
      if (!hasWorker) return undefined;
      const {won, call} = await directory.claim(callSid, {epoch, owner: ProcessId.parse('worker-here'), at: 0, facts});
      return won ? {call} : undefined;
    },
  };
  const log = createLog('test', {level: 'silent'});
  const deps = {id: ProcessId.parse('edge-here'), directory, workers, clock, log};
  const admit = (entrance: Entrance) => admitStream(start, entrance, deps, stop.signal);
  return {clock, directory, start, stop, admit};
}

test('a stream for a call that has ended is refused with 1000', async () => {
  const {directory, start, admit} = await admission({hasWorker: true});
  const [ticket, {callSid}] = [newTicket(), start];
  await directory.claim(callSid, {epoch: 0, owner: ProcessId.parse('worker-here'), at: 0, ticket});
  await directory.end(callSid, 1);
  const admitted = await admit({by: 'ticket', ticket, grant: {callSid, epoch: 1}});
  expect(admitted).toEqual({ok: false, code: 1000, reason: 'the call is over'});
});

test('a stream without a ticket is attached to a new call, and what it says of itself is no fact of the call', async () => {
  const {start, admit} = await admission({hasWorker: true});
  const admitted = await admit({by: 'noTicket'});
  expect(admitted).toMatchObject({
    ok: true,
    call: {callSid: start.callSid, epoch: 1, stream: {streamSid: start.streamSid}},
  });
  expect(admitted.ok && admitted.call.facts).toEqual({});
});

test('a stream without a ticket waits for a worker until its time is over, and is refused with 1013', async () => {
  const {clock, stop, admit} = await admission({hasWorker: false});
  const admitted = admit({by: 'noTicket'});
  clock.after(2_000, () => stop.abort());
  await clock.advanceAsync(2_500, 50);
  expect(await admitted).toMatchObject({ok: false, code: 1013});
});
