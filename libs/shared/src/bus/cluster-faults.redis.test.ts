import {randomBytes} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, test, vi} from 'vitest';
import type {FrameChannels} from '../frame-channel/frame-channel.ts';
import {reliableFrameChannels} from '../frame-channel/reliable-frame-channel.ts';
import {createLog} from '../observability/log.ts';
import {StreamSid} from '../protocol/ids.ts';
import {systemClock} from '../time.ts';
import type {MediaBus} from './media-bus.ts';
import {openRedisMediaBus} from './redis-media-bus.ts';
import {
  addShard,
  changePassword,
  emptyShard,
  failOver,
  refillShard,
  removeShard,
} from '../../../../tools/local-stack/redis/cluster-faults.ts';
import {findRedisBinary} from '../../../../tools/local-stack/redis/private-redis.ts';
import {RedisCluster} from '../../../../tools/local-stack/redis/redis-cluster.ts';

const binary = await findRedisBinary();
const log = createLog('test', {level: 'silent'});
const deps = {clock: systemClock, log};
/** Enough for each shard to have some. */
const STREAMS = 12;
const PASSWORD = 'p@ss:word';

type End = Disposable & FrameChannels;

/** One call: both sides send a numbered frame each 20 ms, and remember what they get. */
async function talk(edges: End, workers: End) {
  const sid = StreamSid.parse(`MZ${randomBytes(16).toString('hex')}`);
  const [edge, worker] = [await edges.edgeEnd(sid, 1), await workers.workerEnd(sid, 1)];
  const [up, down]: [number[], number[]] = [[], []];
  worker.onFrame(frame => frame.kind === 'audio' && up.push(frame.timestamp));
  edge.onFrame(frame => frame.kind === 'audio' && down.push(Number(frame.mark)));
  let sent = 0;
  const timer = setInterval(() => {
    edge.send({kind: 'audio', timestamp: sent, payload: 'AAAA'});
    worker.send({kind: 'audio', mark: String(sent), payload: 'AAAA'});
    sent += 1;
  }, 20);
  return {
    up,
    down,
    worker,
    edge,
    /** Stops speaking; returns how many frames each side has sent. */
    stop() {
      clearInterval(timer);
      return sent;
    },
  };
}

type Call = Awaited<ReturnType<typeof talk>>;

/** Both sides of every call have heard ten frames more, or half a minute is over. */
async function goOn(calls: readonly Call[]): Promise<void> {
  const heard = () => calls.flatMap(({up, down}) => [up.length, down.length]);
  const before = heard();
  await vi.waitFor(() => expect(heard().every((count, index) => count >= before[index]! + 10)).toBe(true), {
    timeout: 30_000,
  });
}

describe.skipIf(!binary)('calls on a Redis Cluster hear every frame once and in order', {timeout: 240_000}, () => {
  let cluster: RedisCluster;
  let buses: MediaBus[];
  beforeAll(async () => {
    cluster = await RedisCluster.start(binary!, {replicas: 1, password: PASSWORD});
    buses = [await openRedisMediaBus(cluster.url, deps), await openRedisMediaBus(cluster.url, deps)];
  }, 60_000);
  afterAll(async () => {
    for (const bus of buses) await bus[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  const faults: readonly (readonly [string, (calls: readonly Call[]) => Promise<unknown>])[] = [
    [
      'when each shard fails over as planned',
      async () => {
        for (let turn = 0; turn < 3; turn += 1) await failOver(cluster, (await cluster.shards())[turn]!);
      },
    ],
    [
      'when all slots of a shard move away and back',
      async () => {
        const [shard, other] = await cluster.shards();
        await emptyShard(cluster, shard!, other!.master);
        await refillShard(cluster, shard!);
      },
    ],
    [
      'when a shard is added and removed',
      async calls => {
        const added = await addShard(cluster, 500);
        await goOn(calls);
        await removeShard(cluster, added);
      },
    ],
    [
      'when the password is another one until both processes have noticed',
      async () => {
        await changePassword(cluster, 'another');
        const isAway = () => expect(buses.map(bus => bus.wellSince())).toEqual([undefined, undefined]);
        await vi.waitFor(isAway, {timeout: 10_000});
        await changePassword(cluster, PASSWORD);
      },
    ],
  ];
  test.each(faults)('%s', async (_, fault) => {
    await vi.waitFor(() => expect(buses.every(bus => bus.wellSince() !== undefined)).toBe(true), {timeout: 20_000});
    const [edges, workers] = buses.map(bus => reliableFrameChannels(bus, systemClock));
    const calls = await Promise.all(Array.from({length: STREAMS}, () => talk(edges!, workers!)));
    await goOn(calls);
    await fault(calls);
    await goOn(calls);
    const sent = calls.map(call => call.stop());
    const lengths = (of: 'up' | 'down') => calls.map(call => call[of].length);
    await vi
      .waitFor(() => expect([lengths('up'), lengths('down')]).toEqual([sent, sent]), {timeout: 15_000})
      .catch(() => {});
    for (const [index, {up, down, worker, edge}] of calls.entries()) {
      const all = Array.from({length: sent[index] ?? 0}, (_, number) => number);
      expect(up).toEqual(all);
      expect(down).toEqual(all);
      expect([worker.counts().lost, edge.counts().lost]).toEqual([0, 0]);
    }
    for (const end of [edges, workers]) end![Symbol.dispose]();
  });
});
