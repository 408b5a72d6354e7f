import {beforeEach, expect, test} from 'vitest';
import {MemoryMediaBus} from '../bus/memory-media-bus.ts';
import {ProcessId} from '../protocol/ids.ts';
import {beatsOfAll, workerBeat} from '../redis/keys.ts';
import {FakeClock} from '../testing/fake-clock.ts';
import {startHeartbeat} from './heartbeat.ts';

const id = ProcessId.parse('worker-aaaa');
let clock: FakeClock;
let bus: MemoryMediaBus;
let sent: string[];
let calls: number;
const beat = () => ({id, calls, state: 'ready'}) as const;
beforeEach(() => {
  clock = new FakeClock();
  bus = new MemoryMediaBus(clock);
  [sent, calls] = [[], 0];
  const publish = bus.publish.bind(bus);
  bus.publish = (channel, message) => (sent.push(channel), publish(channel, message));
});

/** How many heartbeats a second of time brings, by channel. */
async function ofOneSecond(): Promise<{readonly own: number; readonly ofAll: number}> {
  sent = [];
  await clock.advanceAsync(1_000, 25);
  const count = (channel: string) => sent.filter(each => each === channel).length;
  return {own: count(workerBeat(id)), ofAll: count(beatsOfAll)};
}

test('a worker on which nobody depends sends two heartbeats a second', async () => {
  await using _heartbeat = await startHeartbeat({bus, clock, beat});
  expect(await ofOneSecond()).toEqual({own: 2, ofAll: 2});
});

test('a worker that is asked sends heartbeats at full pace from that moment, and as long as it has calls', async () => {
  await using heartbeat = await startHeartbeat({bus, clock, beat});
  await clock.advanceAsync(1_010, 5);
  sent = [];
  heartbeat.quicken();
  expect(sent).toEqual([workerBeat(id)]);
  expect(await ofOneSecond()).toEqual({own: 20, ofAll: 2});
  calls = 1;
  await clock.advanceAsync(60_000, 25);
  expect(await ofOneSecond()).toEqual({own: 20, ofAll: 2});
  calls = 0;
  await clock.advanceAsync(11_000, 25);
  expect(await ofOneSecond()).toEqual({own: 2, ofAll: 2});
});

test('a worker that an edge listens to sends heartbeats at full pace, whatever it has', async () => {
  await using _heartbeat = await startHeartbeat({bus, clock, beat});
  await bus.subscribe(workerBeat(id), () => {});
  await clock.advanceAsync(600, 25);
  expect(await ofOneSecond()).toEqual({own: 20, ofAll: 2});
});

test('a worker is heard by an edge of an older version as long as there is one', async () => {
  await using _heartbeat = await startHeartbeat({bus, clock, beat});
  const leave = await bus.subscribe(beatsOfAll, () => {});
  await clock.advanceAsync(600, 25);
  expect((await ofOneSecond()).ofAll).toBeGreaterThanOrEqual(20);
  await leave();
  await clock.advanceAsync(11_000, 25);
  expect(await ofOneSecond()).toEqual({own: 2, ofAll: 2});
});

test('a worker that has stopped leaves no timer and no channel behind', async () => {
  const heartbeat = await startHeartbeat({bus, clock, beat});
  heartbeat.quicken();
  await heartbeat[Symbol.asyncDispose]();
  await clock.advanceAsync(10, 5);
  expect([clock.waiting, bus.channels]).toEqual([0, []]);
});
