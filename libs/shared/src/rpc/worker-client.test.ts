import {randomBytes} from 'node:crypto';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {MemoryMediaBus} from '../bus/memory-media-bus.ts';
import {createLog} from '../observability/log.ts';
import {createMetrics, type Metrics} from '../observability/metrics.ts';
import {FleetKey} from '../protocol/fleet-key.ts';
import {CallSid, ProcessId} from '../protocol/ids.ts';
import type {WorkerRequest} from '../protocol/worker-rpc.ts';
import {answersTo, workerInbox} from '../redis/keys.ts';
import {FakeClock} from '../testing/fake-clock.ts';
import {openWorkerClient, type WorkerClient, type Request} from './worker-client.ts';
import {openWorkerServer} from './worker-server.ts';

const log = createLog('test', {level: 'silent'});
const [edge, worker] = [ProcessId.parse('edge-aaaa'), ProcessId.parse('worker-aaaa')];
const callSid = CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
const hangUp: Request = {type: 'end', callSid, why: 'caller.hung-up'};

let clock: FakeClock;
let bus: MemoryMediaBus;
let metrics: Metrics;
let workerClient: WorkerClient;
beforeEach(async () => {
  clock = new FakeClock();
  bus = new MemoryMediaBus(clock);
  metrics = createMetrics('test');
  workerClient = await openWorkerClient({bus, clock, id: edge, log});
});
afterEach(() => workerClient[Symbol.asyncDispose]());

const inbox = (handle: Parameters<typeof openWorkerServer>[0]['handle']) =>
  openWorkerServer({bus, worker, handle, metrics, log, clock});

/** The bus as it is on a Cluster of which the shard with this channel is away. */
function withAway(away: string): MemoryMediaBus {
  return new Proxy(bus, {
    get(real, name) {
      if (name === 'wellSince') return (channel?: string) => (channel === away ? undefined : real.wellSince());
      const value: unknown = Reflect.get(real, name, real);
      return typeof value === 'function' ? value.bind(real) : value;
    },
  });
}

describe('a worker client', () => {
  test('gets the answer of the worker it asked', async () => {
    const asks: WorkerRequest[] = [];
    await inbox(async ask => {
      asks.push(ask);
      return {answer: 'yes', epoch: 3};
    });
    const outcome = workerClient.ask(worker, hangUp);
    await clock.advanceAsync(10);
    expect(await outcome).toMatchObject({answer: 'yes', epoch: 3, worker});
    expect(asks).toMatchObject([hangUp]);
    expect(clock.waiting).toBe(0);
  });

  test('gets each answer for its own question', async () => {
    const held: (() => void)[] = [];
    await inbox(async ask => {
      if (ask.type === 'attach') await new Promise<void>(resolve => held.push(resolve));
      return {answer: ask.type === 'attach' ? 'unknown' : 'yes', epoch: 1};
    });
    const attach: Request = {type: 'attach', callSid, epoch: 1, streamSid: `MZ${'0'.repeat(32)}` as never, edge};
    const [first, second] = [workerClient.ask(worker, attach), workerClient.ask(worker, hangUp)];
    await clock.advanceAsync(10);
    expect(await second).toMatchObject({answer: 'yes'});
    for (const release of held) release();
    await clock.advanceAsync(10);
    expect(await first).toMatchObject({answer: 'unknown'});
  });

  test('knows at once that a worker is gone', async () => {
    expect(await workerClient.ask(worker, hangUp)).toEqual({answer: 'noReceiver'});
  });

  test('waits 300 ms for a worker that hangs, and no longer', async () => {
    await inbox(() => new Promise(() => {}));
    const outcome = workerClient.ask(worker, hangUp);
    await clock.advanceAsync(300);
    expect(await outcome).toEqual({answer: 'noAnswer'});
  });

  test('learns that Redis is down', async () => {
    bus.setDown(true);
    expect(await workerClient.ask(worker, hangUp)).toEqual({answer: 'unreachable'});
  });

  test('is answered by another shard of a Cluster while the one with its first channel is away', async () => {
    await inbox(async () => ({answer: 'yes', epoch: 1}));
    const known = bus.subscribe(answersTo(edge), () => expect.unreachable('nothing can be sent there'));
    await using client = await openWorkerClient({bus: withAway(answersTo(edge)), clock, id: edge, log});
    const outcome = client.ask(worker, hangUp);
    await clock.advanceAsync(10);
    expect(await outcome).toMatchObject({answer: 'yes'});
    await (
      await known
    )();
  });

  test('asks by another shard of a Cluster while the one with the first inbox of a worker is away', async () => {
    await inbox(async () => ({answer: 'yes', epoch: 1}));
    const known = await bus.subscribe(workerInbox(worker), () => expect.unreachable('nothing can be sent there'));
    await using client = await openWorkerClient({bus: withAway(workerInbox(worker)), clock, id: edge, log});
    const outcome = client.ask(worker, hangUp);
    await clock.advanceAsync(10);
    expect(await outcome).toMatchObject({answer: 'yes'});
    await known();
  });

  test('asks a worker of an older version by its only inbox, though the shard with that seems to be away', async () => {
    let asked = 0;
    await bus.subscribe(workerInbox(worker), () => void (asked += 1));
    await using client = await openWorkerClient({bus: withAway(workerInbox(worker)), clock, id: edge, log});
    const outcome = client.ask(worker, hangUp);
    await clock.advanceAsync(300);
    expect([await outcome, asked]).toEqual([{answer: 'noAnswer'}, 1]);
  });

  test('asks for the next answer by another shard after a question without one', async () => {
    const places: string[] = [];
    await bus.subscribe(workerInbox(worker), message => {
      const {replyTo} = JSON.parse(message.toString());
      places.push(replyTo);
    });
    for (let turn = 0; turn < 2; turn += 1) {
      const outcome = workerClient.ask(worker, hangUp);
      await clock.advanceAsync(300);
      expect(await outcome).toEqual({answer: 'noAnswer'});
    }
    expect(new Set(places).size).toBe(2);
  });

  test('ignores an answer that is late or unreadable', async () => {
    const slow = Promise.withResolvers<{answer: 'yes'; epoch: number}>();
    await inbox(() => slow.promise);
    const outcome = workerClient.ask(worker, hangUp, 50);
    await clock.advanceAsync(50);
    expect(await outcome).toEqual({answer: 'noAnswer'});
    const next = workerClient.ask(worker, hangUp);
    await bus.publish(answersTo(edge), Buffer.from('not json'));
    await clock.advanceAsync(1);
    slow.resolve({answer: 'yes', epoch: 1});
    await clock.advanceAsync(10);
    expect(await next).toMatchObject({answer: 'yes'});
  });
});

describe('a worker server', () => {
  test('counts an unreadable question and goes on', async () => {
    await inbox(async () => ({answer: 'yes', epoch: 1}));
    for (const text of ['', '{}', 'null', '{"type":"take"}', '[1]']) {
      await bus.publish(workerInbox(worker), Buffer.from(text));
    }
    const outcome = workerClient.ask(worker, hangUp);
    await clock.advanceAsync(10);
    expect(await outcome).toMatchObject({answer: 'yes'});
    const {values} = await metrics.malformedTotal.get();
    expect(values.reduce((sum, {value}) => sum + value, 0)).toBe(5);
  });

  test('sends the asking process to another worker when it failed', async () => {
    await inbox(() => Promise.reject(new Error('bug')));
    const outcome = workerClient.ask(worker, hangUp);
    await clock.advanceAsync(10);
    expect(await outcome).toMatchObject({answer: 'unknown'});
  });

  test('answers nobody who does not know the key of the fleet, and gets no answer of such a worker', async () => {
    const [ours, theirs] = ['ours', 'theirs'].map(key => new FleetKey([key.repeat(8)], () => 0));
    const asks: WorkerRequest[] = [];
    const handle = async (ask: WorkerRequest) => {
      asks.push(ask);
      return {answer: 'yes', epoch: 1} as const;
    };
    await openWorkerServer({bus, worker, handle, metrics, log, clock, key: ours});
    const honest = await openWorkerClient({bus, clock, id: ProcessId.parse('edge-bbbb'), log, key: ours});
    const forger = await openWorkerClient({bus, clock, id: ProcessId.parse('edge-cccc'), log, key: theirs});
    const outcomes = [honest, forger, workerClient].map(client => client.ask(worker, hangUp));
    await clock.advanceAsync(300);
    expect((await Promise.all(outcomes)).map(({answer}) => answer)).toEqual(['yes', 'noAnswer', 'noAnswer']);
    expect(asks.length).toBe(1);
    const pretending = ProcessId.parse('worker-bbbb');
    await openWorkerServer({bus, worker: pretending, handle, metrics, log, clock, key: theirs});
    const asked = honest.ask(pretending, hangUp);
    await clock.advanceAsync(300);
    expect(await asked).toEqual({answer: 'noAnswer'});
  });

  test('writes two lines about a thousand forged questions, and two about a thousand forged answers', async () => {
    const lines: {msg: string; refused?: number}[] = [];
    const told = createLog('test', {to: {write: line => void lines.push(JSON.parse(line))}});
    const key = new FleetKey(['ours'.repeat(8)], () => 0);
    const id = ProcessId.parse('edge-bbbb');
    await openWorkerServer({
      bus,
      worker,
      handle: async () => ({answer: 'yes', epoch: 1}),
      metrics,
      log: told,
      clock,
      key,
    });
    await openWorkerClient({bus, clock, id, log: told, key});
    for (const channel of [workerInbox(worker), answersTo(id)])
      for (let forged = 0; forged < 1_000; forged += 1) await bus.publish(channel, Buffer.from('{"forged":true}'));
    await clock.advanceAsync(10_000);
    expect(lines.map(({msg, refused}) => [msg, refused])).toEqual([
      ['malformed ask', undefined],
      ['answer that is not taken', undefined],
      ['malformed asks', 999],
      ['answers that are not taken', 999],
    ]);
  });

  test('reads no question of megabytes', async () => {
    await inbox(async () => ({answer: 'yes', epoch: 1}));
    const facts = {x: 'x'.repeat(2_000_000)};
    const asked = workerClient.ask(worker, {type: 'take', callSid, epoch: 0, assistant: 'a', facts, cause: 'new'});
    await clock.advanceAsync(300);
    expect(await asked).toEqual({answer: 'noAnswer'});
  });

  test('has no subscription after it was closed', async () => {
    const open = await inbox(async () => ({answer: 'yes', epoch: 1}));
    await open[Symbol.asyncDispose]();
    expect(await workerClient.ask(worker, hangUp)).toEqual({answer: 'noReceiver'});
  });
});
