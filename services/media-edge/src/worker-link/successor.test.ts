import {expect, test} from 'vitest';
import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import type {ServedCall} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Assignment, Owned} from '@voicebridge/shared/fleet/assign-call.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {newCallSid, newStreamSid} from '../testing/twilio-client.ts';
import {ReassignmentLimit} from './reassignment-limit.ts';
import {findSuccessor, type OwnerLoss, type Successor} from './successor.ts';

const edge = ProcessId.parse('edge-here');
const [first, second] = [ProcessId.parse('worker-first'), ProcessId.parse('worker-second')];

/** A call that the first worker owns and whose stream is here, and a search for its next owner. */
async function ownedCall() {
  const clock = new FakeClock();
  clock.advance(60_000);
  const directory = new MemoryCallDirectory(clock);
  const stream = {callSid: newCallSid(), streamSid: newStreamSid()};
  await directory.claim(stream.callSid, {epoch: 0, owner: first, at: 0});
  await directory.attach(stream.callSid, {epoch: 1, streamSid: stream.streamSid, edge});
  const call: ServedCall = (await directory.read(stream.callSid))!;
  const stop = new AbortController();
  const asked: Assignment[] = [];
  const workers = {
    isAlive: true,
    takesOver: false,
    linkedSince: (): number | undefined => 0,
    alive: () => workers.isAlive,
    async assign(request: Assignment): Promise<Owned | undefined> {
      asked.push(request);
      if (!workers.takesOver) return undefined;
      const {won, call} = await directory.claim(request.callSid, {epoch: request.epoch, owner: second, at: 0});
      return won ? {call} : undefined;
    },
  };
  const log = createLog('test', {level: 'silent'});
  const limit = new ReassignmentLimit();
  const heard = {now: false};
  const isHeard = () => heard.now;
  const deps = {id: edge, stream, workers, directory, isHeard, limit, clock, log, signal: stop.signal};
  return {
    call,
    stream,
    clock,
    directory,
    workers,
    asked,
    heard,
    stop,
    /** Lets time pass until the search is over; says how long it took. */
    search: async (loss: OwnerLoss): Promise<{found: Successor; tookMs: number}> => {
      const began = clock.now();
      const result: {found?: Successor} = {};
      void findSuccessor(call, loss, deps).then(found => (result.found = found));
      for (let ms = 0; result.found === undefined && ms < 15_000; ms += 10) await clock.advanceAsync(10, 10);
      if (!result.found) throw new Error('the search never ends');
      return {found: result.found, tookMs: clock.now() - began};
    },
  };
}

test('a call whose owner is dead goes to another worker at once, and never back to the dead one', async () => {
  const {workers, asked, stream, search} = await ownedCall();
  Object.assign(workers, {isAlive: false, takesOver: true});
  const {found, tookMs} = await search('dead');
  expect(found).toMatchObject({kind: 'owned', call: {owner: second, epoch: 2}});
  expect(tookMs).toBeLessThan(20);
  expect(asked).toMatchObject([
    {epoch: 1, cause: 'worker-lost', exclude: [first], stream: {streamSid: stream.streamSid, edge}},
  ]);
});

test('a call whose owner turns out to be alive stays with it', async () => {
  const {asked, search} = await ownedCall();
  expect((await search('dead')).found).toEqual({kind: 'same'});
  expect(asked).toEqual([]);
});

test('a call that was handed over goes to the worker that claimed it, and no other worker is asked', async () => {
  const {directory, stream, asked, search} = await ownedCall();
  await directory.claim(stream.callSid, {epoch: 1, owner: second, at: 0});
  expect((await search('left')).found).toMatchObject({kind: 'owned', call: {owner: second, epoch: 2}});
  expect(asked).toEqual([]);
});

test('a call whose owner left it without a successor is assigned to another worker', async () => {
  const {workers, search} = await ownedCall();
  workers.takesOver = true;
  expect((await search('left')).found).toMatchObject({kind: 'owned', call: {owner: second, epoch: 2}});
});

test('a call whose owner answered too late stays with it, if no other worker has taken it until it is heard', async () => {
  const {heard, clock, asked, search} = await ownedCall();
  clock.after(2_000, () => (heard.now = true));
  const {found, tookMs} = await search('silent');
  expect(found).toEqual({kind: 'same'});
  expect(tookMs).toBeLessThan(2_500);
  expect(asked.length).toBeGreaterThan(1);
});

test('a call whose owner never answers goes to another worker', async () => {
  const {workers, search} = await ownedCall();
  workers.takesOver = true;
  expect((await search('silent')).found).toMatchObject({kind: 'owned', call: {owner: second, epoch: 2}});
});

test('a stream whose call has a newer stream by now is superseded', async () => {
  const {directory, stream, search} = await ownedCall();
  await directory.attach(stream.callSid, {epoch: 1, streamSid: newStreamSid(), edge: ProcessId.parse('edge-there')});
  expect((await search('left')).found).toEqual({kind: 'over', why: 'superseded'});
});

test('a stream whose call has ended in the directory is over', async () => {
  const {directory, stream, search} = await ownedCall();
  await directory.end(stream.callSid, 1);
  expect((await search('left')).found).toEqual({kind: 'over', why: 'ended'});
});

test('a caller who hangs up during the search ends it', async () => {
  const {workers, clock, stop, search} = await ownedCall();
  workers.isAlive = false;
  clock.after(500, () => stop.abort());
  const {found, tookMs} = await search('dead');
  expect(found).toEqual({kind: 'over', why: 'ended'});
  expect(tookMs).toBeLessThan(600);
});

test('a call that no worker takes is abandoned after ten seconds', async () => {
  const {workers, asked, search} = await ownedCall();
  workers.isAlive = false;
  const {found, tookMs} = await search('dead');
  expect(found).toEqual({kind: 'over', why: 'abandoned'});
  expect(tookMs).toBeGreaterThanOrEqual(10_000);
  expect(asked.length).toBeGreaterThan(20);
});

test('no worker is asked to take a call while the edge has no connection to Redis', async () => {
  const {workers, asked, search} = await ownedCall();
  Object.assign(workers, {isAlive: false, takesOver: true, linkedSince: () => undefined});
  expect((await search('dead')).found).toEqual({kind: 'over', why: 'abandoned'});
  expect(asked).toEqual([]);
});
