import {afterAll, beforeAll, describe, expect, inject, test, vi} from 'vitest';
import {describeFrameChannel} from '../frame-channel/frame-channel.contract.ts';
import type {MediaBus} from './media-bus.ts';
import {reliableFrameChannels} from '../frame-channel/reliable-frame-channel.ts';
import {createLog} from '../observability/log.ts';
import {StreamSid} from '../protocol/ids.ts';
import {systemClock} from '../time.ts';
import {openRedisMediaBus} from './redis-media-bus.ts';
import {startRedisBinary, findRedisBinary} from '../../../../tools/local-stack/redis/private-redis.ts';

const log = createLog('test', {level: 'silent'});
const deps = {clock: systemClock, log};
const stream = (last: string) => StreamSid.parse(`MZ${last.padStart(32, '0')}`);
let prefix = 0;

describeFrameChannel('over Redis', async () => {
  const buses = [await openRedisMediaBus(inject('redisUrl'), deps), await openRedisMediaBus(inject('redisUrl'), deps)];
  const [edges, workers] = buses.map(bus => reliableFrameChannels(bus, systemClock));
  // Each test has its own streams, because the Redis is shared.
  prefix += 1;
  const own = (sid: StreamSid) =>
    StreamSid.parse(
      `MZ${process.pid.toString(16).padStart(8, '0')}${String(prefix).padStart(8, '0')}${sid.slice(-16)}`,
    );
  const seen = {edge: 0, worker: 0};
  return {
    channels: {
      edgeEnd: async (sid, ...rest) => edges!.edgeEnd(own(sid), ...rest).finally(() => (seen.edge += 1)),
      workerEnd: async (sid, ...rest) => workers!.workerEnd(own(sid), ...rest).finally(() => (seen.worker += 1)),
    },
    // Real time: until two round trips of the slowest repair have passed.
    pass: () => new Promise(resolve => setTimeout(resolve, 500)),
    close: async () => {
      edges![Symbol.dispose]();
      workers![Symbol.dispose]();
      for (const bus of buses) await bus[Symbol.asyncDispose]();
    },
  };
});

describe('the media bus over Redis', () => {
  let bus: MediaBus;
  beforeAll(async () => {
    bus = await openRedisMediaBus(inject('redisUrl'), deps);
  });
  afterAll(() => bus[Symbol.asyncDispose]());

  test('tells a publisher how many clients got the message', async () => {
    const unsubscribe = await bus.subscribe('media:{counts}:up', () => {});
    expect(await bus.publish('media:{counts}:up', Buffer.from('x'))).toBe(1);
    await unsubscribe();
    expect(await bus.publish('media:{counts}:up', Buffer.from('x'))).toBe(0);
  });

  test('stays subscribed to a presence channel until it is released', async () => {
    const letGo = await bus.holdPresence('fleet:{workers}:life:worker-1');
    expect(await bus.publish('fleet:{workers}:life:worker-1', Buffer.alloc(0))).toBe(1);
    await letGo();
    await vi.waitFor(async () => expect(await bus.publish('fleet:{workers}:life:worker-1', Buffer.alloc(0))).toBe(0));
  });

  test('delivers bytes that are not text', async () => {
    const heard: Buffer[] = [];
    const unsubscribe = await bus.subscribe('media:{bytes}:up', message => heard.push(message));
    const bytes = Buffer.from(Array.from({length: 256}, (_, n) => n));
    await bus.publish('media:{bytes}:up', bytes);
    await vi.waitFor(() => expect(heard).toEqual([bytes]));
    await unsubscribe();
  });

  test('is well after its first echo', async () => {
    await vi.waitFor(() => expect(bus.wellSince()).toBeGreaterThan(0));
  });
});

describe('a Redis that fails during a call', async () => {
  const binary = await findRedisBinary();

  test.runIf(binary)('loses no frame when it hangs for a second, or is killed and restarted', async () => {
    let redis = await startRedisBinary(binary!, {});
    const {port} = redis;
    const url = `redis://127.0.0.1:${port}`;
    const buses = [await openRedisMediaBus(url, deps), await openRedisMediaBus(url, deps)];
    const [edges, workers] = buses.map(bus => reliableFrameChannels(bus, systemClock));
    const edge = await edges!.edgeEnd(stream('c0ffee'), 1);
    const worker = await workers!.workerEnd(stream('c0ffee'), 1);
    const heard: number[] = [];
    worker.onFrame(frame => frame.kind === 'audio' && heard.push(frame.timestamp));
    let sent = 0;
    const speaking = setInterval(() => edge.send({kind: 'audio', timestamp: sent++, payload: 'x'}), 20);
    await vi.waitFor(() => expect(heard.length).toBeGreaterThan(10), {timeout: 5_000});

    process.kill(redis.pid, 'SIGSTOP');
    await vi.waitFor(() => expect(buses[0]!.wellSince()).toBeUndefined(), {timeout: 2_000});
    const duringHang = sent;
    await vi.waitFor(() => expect(sent).toBeGreaterThan(duringHang + 50), {timeout: 5_000});
    process.kill(redis.pid, 'SIGCONT');
    await vi.waitFor(() => expect(heard.length).toBeGreaterThan(duringHang + 60), {timeout: 10_000});

    process.kill(redis.pid, 'SIGKILL');
    await vi.waitFor(() => expect(buses[0]!.wellSince()).toBeUndefined(), {timeout: 2_000});
    redis = await startRedisBinary(binary!, {port});
    const afterRestart = sent;
    await vi.waitFor(() => expect(heard.length).toBeGreaterThan(afterRestart + 20), {timeout: 10_000});
    clearInterval(speaking);
    await vi.waitFor(() => expect(heard.length).toBe(sent), {timeout: 10_000});

    expect(heard).toEqual(Array.from({length: sent}, (_, n) => n));
    expect(worker.counts().lost).toBe(0);
    edges![Symbol.dispose]();
    workers![Symbol.dispose]();
    for (const bus of buses) await bus[Symbol.asyncDispose]();
    await redis.close();
  });
});
