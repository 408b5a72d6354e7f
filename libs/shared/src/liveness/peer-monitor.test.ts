import {afterEach, beforeEach, expect, test} from 'vitest';
import {MemoryMediaBus} from '../bus/memory-media-bus.ts';
import {createLog} from '../observability/log.ts';
import {createMetrics} from '../observability/metrics.ts';
import {ProcessId} from '../protocol/ids.ts';
import {BEAT_MS, beatsOfAll, fleetPresence, workerBeat} from '../redis/keys.ts';
import {FakeClock} from '../testing/fake-clock.ts';
import {everyWhile} from '../ticker.ts';
import {startHeartbeat, type Beat} from './heartbeat.ts';
import {monitorPeers, type Peers} from './peer-monitor.ts';

const log = createLog('test', {level: 'silent'});
const id = ProcessId.parse('worker-aaaa');
const beat = (): Beat => ({id, calls: 1, state: 'ready'});
let clock: FakeClock;
let bus: MemoryMediaBus;
let peers: Peers;
let deaths: number;

beforeEach(async () => {
  clock = new FakeClock();
  bus = new MemoryMediaBus(clock);
  peers = monitorPeers({bus, clock, metrics: createMetrics('test'), log});
  deaths = 0;
});
afterEach(() => peers[Symbol.asyncDispose]());

test('a killed worker is dead at once, a hung one a little later, and one that sends heartbeats is alive', async () => {
  const worker = await startHeartbeat({bus, clock, beat});
  await clock.advanceAsync(2_000, 25);
  peers.onDead(id, () => (deaths += 1));
  await clock.advanceAsync(1_000, 25);
  expect([peers.verdict(id), deaths]).toEqual(['alive', 0]);
  await worker[Symbol.asyncDispose]();
  peers.noReceiver(id);
  await clock.advanceAsync(200, 25);
  expect([peers.verdict(id), deaths]).toEqual(['dead', 1]);
  await clock.advanceAsync(500, 25);
  expect(deaths).toBe(1);
});

test('a killed worker is dead before its next heartbeat is missed', async () => {
  const worker = await startHeartbeat({bus, clock, beat});
  await clock.advanceAsync(2_000, 25);
  peers.onDead(id, () => (deaths += 1));
  await worker[Symbol.asyncDispose]();
  peers.noReceiver(id);
  await clock.advanceAsync(1, 1);
  expect([peers.verdict(id), deaths]).toEqual(['dead', 1]);
});

test('a worker that has lost a connection and sends heartbeats keeps its calls', async () => {
  await using _worker = await startHeartbeat({bus, clock, beat});
  await clock.advanceAsync(2_000, 25);
  peers.onDead(id, () => (deaths += 1));
  for (let frame = 0; frame < 50; frame += 1) {
    peers.noReceiver(id);
    await clock.advanceAsync(20, 10);
  }
  expect(deaths).toBe(0);
});

test('a worker of a Cluster keeps its calls while it sends heartbeats, and loses them 125 ms after the last', async () => {
  bus.countsAll = false;
  const worker = await startHeartbeat({bus, clock, beat});
  await clock.advanceAsync(500, 25);
  peers.onDead(id, () => (deaths += 1));
  await clock.advanceAsync(2_000, 25);
  await worker[Symbol.asyncDispose]();
  peers.noReceiver(id);
  await clock.advanceAsync(75, 5);
  expect([peers.verdict(id), deaths]).toEqual(['alive', 0]);
  await clock.advanceAsync(75, 5);
  expect([peers.verdict(id), deaths]).toEqual(['dead', 1]);
});

test('a cancelled listener is not called', async () => {
  await clock.advanceAsync(1_200, 25);
  const cancel = peers.onDead(id, () => (deaths += 1));
  peers.onDead(id, () => (deaths += 10));
  cancel();
  await clock.advanceAsync(1_100, 25);
  expect(deaths).toBe(10);
});

test('no worker is dead while Redis is down', async () => {
  await startHeartbeat({bus, clock, beat});
  peers.onDead(id, () => (deaths += 1));
  await clock.advanceAsync(2_000, 25);
  bus.setDown(true);
  await clock.advanceAsync(3_000, 25);
  bus.setDown(false);
  await clock.advanceAsync(3_000, 25);
  expect([peers.verdict(id), deaths]).toEqual(['alive', 0]);
});

test('an unreadable heartbeat is counted and ignored', async () => {
  peers.onDead(id, () => (deaths += 1));
  await clock.advanceAsync(100, 25);
  await bus.publish(workerBeat(id), Buffer.from('{"id":7}'));
  await clock.advanceAsync(1_400, 25);
  expect(peers.verdict(id)).toBe('dead');
});

test('an edge listens to nobody on whom no call depends, and leaves no timer behind', async () => {
  expect([bus.channels, clock.waiting]).toEqual([[], 0]);
  const cancel = peers.onDead(id, () => {});
  await clock.advanceAsync(100, 25);
  expect(bus.channels).toEqual([workerBeat(id)]);
  cancel();
  await clock.advanceAsync(12_000, 25);
  expect([bus.channels, clock.waiting, peers.verdict(id)]).toEqual([[], 0, 'suspect']);
});

test('an edge hears a worker of an older version, and no other channel than its own once a newer one has replaced it', async () => {
  const old = {...beat(), id: ProcessId.parse('worker-oldd')};
  let isOldAlive = true;
  const beating = everyWhile(clock, BEAT_MS, () => {
    if (isOldAlive) void bus.publish(beatsOfAll, Buffer.from(JSON.stringify(old)));
  });
  beating(true);
  const cancel = peers.onDead(old.id, () => (deaths += 1));
  await clock.advanceAsync(5_000, 25);
  expect([peers.verdict(old.id), deaths]).toEqual(['alive', 0]);
  isOldAlive = false;
  await clock.advanceAsync(300, 25);
  expect([peers.verdict(old.id), deaths]).toEqual(['dead', 1]);
  cancel();
  await using _worker = await startHeartbeat({bus, clock, beat});
  peers.onDead(id, () => (deaths += 10));
  await clock.advanceAsync(12_000, 25);
  expect([peers.verdict(id), deaths]).toEqual(['alive', 1]);
  expect(bus.channels).toEqual([fleetPresence('workers', id), workerBeat(id)]);
  beating(false);
});

test('once a worker was called dead and came back, the calls of a silent one leave it one by one, until it is back', async () => {
  let isSilent = false;
  const beats = everyWhile(clock, BEAT_MS, () => {
    if (!isSilent) void bus.publish(workerBeat(id), Buffer.from(JSON.stringify(beat())));
  });
  beats(true);
  for (let call = 0; call < 20; call += 1) peers.onDead(id, () => (deaths += 1));
  await clock.advanceAsync(5_000, 25);
  isSilent = true;
  await clock.advanceAsync(1_100, 25);
  expect(deaths).toBe(20);
  isSilent = false;
  await clock.advanceAsync(100, 25);
  for (let call = 0; call < 20; call += 1) peers.onDead(id, () => (deaths += 1));
  await clock.advanceAsync(3_000, 25);
  isSilent = true;
  await clock.advanceAsync(2_000, 25);
  expect(deaths).toBe(20);
  await clock.advanceAsync(600, 25);
  expect(deaths).toBeGreaterThan(20);
  expect(deaths).toBeLessThan(30);
  isSilent = false;
  const left = deaths;
  await clock.advanceAsync(3_000, 25);
  expect(deaths - left).toBeLessThan(2);
  beats(false);
});
