import {Redis} from 'ioredis';
import {afterAll, describe, expect, inject, test, vi} from 'vitest';
import {describeFrameChannel} from '../frame-channel/frame-channel.contract.ts';
import {reliableFrameChannels} from '../frame-channel/reliable-frame-channel.ts';
import {createLog} from '../observability/log.ts';
import {StreamSid} from '../protocol/ids.ts';
import {systemClock} from '../time.ts';
import * as faults from '../../../../tools/local-stack/redis/cluster-faults.ts';
import {listSlots} from '../../../../tools/local-stack/redis/cluster-topology.ts';
import {findRedisBinary, startRedisBinary} from '../../../../tools/local-stack/redis/private-redis.ts';
import {RedisCluster} from '../../../../tools/local-stack/redis/redis-cluster.ts';
import {describeMediaBus, describeMediaBusFaults, type BusesUnderTest, type Fault} from './media-bus.contract.ts';
import {openRedisMediaBus} from './redis-media-bus.ts';

const log = createLog('test', {level: 'silent'});
const deps = {clock: systemClock, log};
const stream = (last: string) => StreamSid.parse(`MZ${last.padStart(32, '0')}`);
const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms));
const binary = await findRedisBinary();
let prefix = 0;

async function openTwo(url: string): Promise<BusesUnderTest> {
  const buses = [await openRedisMediaBus(url, deps), await openRedisMediaBus(url, deps)] as const;
  const close = async () => {
    for (const bus of buses) await bus[Symbol.asyncDispose]();
  };
  return {buses, pass: () => sleep(5), close};
}

for (const {kind, url} of inject('redisKinds')) {
  describeMediaBus(`over ${kind}`, () => openTwo(url));

  describeFrameChannel(`over ${kind}`, async () => {
    const {buses, ...under} = await openTwo(url);
    const [edges, workers] = buses.map(bus => reliableFrameChannels(bus, systemClock));
    // Each test has its own streams, because the Redis is shared.
    prefix += 1;
    const own = (sid: StreamSid) =>
      StreamSid.parse(
        `MZ${process.pid.toString(16).padStart(8, '0')}${String(prefix).padStart(8, '0')}${sid.slice(-16)}`,
      );
    return {
      channels: {
        edgeEnd: (sid, ...rest) => edges!.edgeEnd(own(sid), ...rest),
        workerEnd: (sid, ...rest) => workers!.workerEnd(own(sid), ...rest),
        expectStream: sid => workers!.expectStream(own(sid)),
      },
      // Real time: until two round trips of the slowest repair have passed.
      pass: () => sleep(500),
      close: async () => {
        edges![Symbol.dispose]();
        workers![Symbol.dispose]();
        await under.close();
      },
    };
  });
}

const OF_ONE = [
  'closes all connections',
  'drops all subscribers',
  'hangs until that is noticed',
  'is killed and comes back',
];

describe.skipIf(!binary)('faults', () => {
  describeMediaBusFaults(
    'over one Redis',
    async () => {
      let redis = await startRedisBinary(binary!);
      const {port} = redis;
      const operator = new Redis(port, '127.0.0.1', {retryStrategy: () => 20});
      operator.on('error', () => {});
      const under = await openTwo(`redis://127.0.0.1:${port}`);
      const kill = (type: string) => operator.call('CLIENT', 'KILL', 'TYPE', type);
      const happenings: readonly (() => Promise<unknown>)[] = [
        async () => [await kill('normal'), await kill('pubsub')],
        () => kill('pubsub'),
        async () => {
          process.kill(redis.pid, 'SIGSTOP');
          const isAway = () => expect(under.buses.map(bus => bus.wellSince())).toEqual([undefined, undefined]);
          await vi.waitFor(isAway, {timeout: 10_000}).finally(() => process.kill(redis.pid, 'SIGCONT'));
        },
        async () => {
          process.kill(redis.pid, 'SIGKILL');
          await redis.exited;
          redis = await startRedisBinary(binary!, {port});
        },
      ];
      return {
        ...under,
        faults: OF_ONE.map((title, n) => ({title, happen: async () => void (await happenings[n]!())})),
        close: async () => {
          await under.close();
          operator.disconnect();
          await redis.close();
        },
      };
    },
    OF_ONE,
  );

  let cluster: RedisCluster | undefined;
  afterAll(() => cluster?.[Symbol.asyncDispose]());
  const OF_CLUSTER = [
    'makes a replica the master, as planned',
    'loses a master to kill -9',
    'has a master that hangs and is replaced',
    'has a shard that is away for two seconds',
    'moves slots to another shard and back',
  ];
  describeMediaBusFaults(
    'over a Redis Cluster with replicas',
    async () => {
      const now = (cluster ??= await RedisCluster.start(binary!, {replicas: 1, nodeTimeout: 1_000}));
      const happenings: readonly Fault['happen'][] = [
        async () => void (await faults.failOver(now, (await now.shards())[0]!)),
        async () => void (await faults.killMaster(now, (await now.shards())[1]!)),
        async () => void (await faults.freezeMaster(now, (await now.shards())[2]!, 4_000)),
        async () => void (await faults.shardAway(now, (await now.shards())[0]!, 2_000)),
        async () => {
          const [one, two] = await now.shards();
          const some = listSlots(one!.slots).slice(0, 2_000);
          await faults.moveSlots(now, one!.master, two!.master, some);
          await faults.moveSlots(now, two!.master, one!.master, some);
          await now.settled();
        },
      ];
      return {
        ...(await openTwo(now.url)),
        faults: OF_CLUSTER.map((title, n) => ({title, happen: happenings[n]!, mayDouble: true})),
      };
    },
    OF_CLUSTER,
  );
});

describe('a Redis that fails during a call', () => {
  test.runIf(binary)('loses no frame when it hangs for a second, or is killed and restarted', async () => {
    let redis = await startRedisBinary(binary!, {});
    const {port} = redis;
    const {buses, ...under} = await openTwo(`redis://127.0.0.1:${port}`);
    const [edges, workers] = buses.map(bus => reliableFrameChannels(bus, systemClock));
    const edge = await edges!.edgeEnd(stream('c0ffee'), 1);
    const worker = await workers!.workerEnd(stream('c0ffee'), 1);
    const heard: number[] = [];
    worker.onFrame(frame => frame.kind === 'audio' && heard.push(frame.timestamp));
    let sent = 0;
    const speaking = setInterval(() => edge.send({kind: 'audio', timestamp: sent++, payload: 'x'}), 20);
    await vi.waitFor(() => expect(heard.length).toBeGreaterThan(10), {timeout: 5_000});

    process.kill(redis.pid, 'SIGSTOP');
    await vi.waitFor(() => expect(buses[0].wellSince()).toBeUndefined(), {timeout: 2_000});
    const duringHang = sent;
    await vi.waitFor(() => expect(sent).toBeGreaterThan(duringHang + 50), {timeout: 5_000});
    process.kill(redis.pid, 'SIGCONT');
    await vi.waitFor(() => expect(heard.length).toBeGreaterThan(duringHang + 60), {timeout: 10_000});

    process.kill(redis.pid, 'SIGKILL');
    await vi.waitFor(() => expect(buses[0].wellSince()).toBeUndefined(), {timeout: 2_000});
    redis = await startRedisBinary(binary!, {port});
    const afterRestart = sent;
    await vi.waitFor(() => expect(heard.length).toBeGreaterThan(afterRestart + 20), {timeout: 10_000});
    clearInterval(speaking);
    await vi.waitFor(() => expect(heard.length).toBe(sent), {timeout: 10_000});

    expect(heard).toEqual(Array.from({length: sent}, (_, n) => n));
    expect(worker.counts().lost).toBe(0);
    edges![Symbol.dispose]();
    workers![Symbol.dispose]();
    await under.close();
    await redis.close();
  });
});
