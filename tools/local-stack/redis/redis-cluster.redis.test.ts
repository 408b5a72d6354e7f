import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {
  addShard,
  changePassword,
  emptyShard,
  failOver,
  freezeMaster,
  killMaster,
  refillShard,
  removeShard,
  shardAway,
} from './cluster-faults.ts';
import {countSlots, readClusterNodes, SLOTS} from './cluster-topology.ts';
import {findRedisBinary} from './private-redis.ts';
import {RedisCluster, type Shard} from './redis-cluster.ts';

const binary = await findRedisBinary();

/** The first shard, which these tests break. */
async function firstShard(cluster: RedisCluster): Promise<Shard> {
  const [shard] = await cluster.shards();
  if (!shard) throw new Error('there is no shard');
  return shard;
}

describe.skipIf(!binary)('the Cluster in which tests break things', {timeout: 240_000}, () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await RedisCluster.start(binary!, {replicas: 1, password: 'p@ss:word'});
  }, 60_000);
  afterAll(() => cluster[Symbol.asyncDispose]());

  test('has three masters with all slots, and a replica for each', async () => {
    const shards = await cluster.shards();
    expect(shards.map(({replicas}) => replicas.length)).toEqual([1, 1, 1]);
    expect(shards.reduce((sum, {slots}) => sum + countSlots(slots), 0)).toBe(SLOTS);
    expect(cluster.url.split(',')).toHaveLength(3);
  });

  test('has the replica as its master after a planned failover, a death and a hang', async () => {
    for (const fault of [failOver, killMaster, (...of: Parameters<typeof killMaster>) => freezeMaster(...of, 2_500)]) {
      const before = await firstShard(cluster);
      const {from, until} = await fault(cluster, before);
      expect(until).toBeGreaterThan(from);
      const after = await firstShard(cluster);
      expect(after.master).toBe(before.replicas[0]);
      expect(after.replicas).toEqual([before.master]);
    }
  });

  test('is whole again after a shard was away', async () => {
    const outage = await shardAway(cluster, await firstShard(cluster), 1_500);
    expect(outage.until - outage.from).toBeGreaterThanOrEqual(1_500);
    expect(await cluster.shards()).toHaveLength(3);
  });

  test('keeps its keys while all slots of a shard move away and back', async () => {
    const [shard, other] = await cluster.shards();
    await shard!.master.client.set('{b}:kept', 'yes');
    await emptyShard(cluster, shard!, other!.master);
    expect(await cluster.shards()).toHaveLength(2);
    expect(await other!.master.client.get('{b}:kept')).toBe('yes');
    await refillShard(cluster, shard!);
    expect(await cluster.shards()).toMatchObject([{master: {port: shard!.master.port}}, {}, {}]);
    expect(await shard!.master.client.get('{b}:kept')).toBe('yes');
  });

  test('grows by a shard, and shrinks again', async () => {
    const added = await addShard(cluster, 100);
    expect(countSlots(added.slots)).toBe(300);
    await removeShard(cluster, added);
    const shards = await cluster.shards();
    expect(shards.map(({replicas}) => replicas.length)).toEqual([1, 1, 1]);
    expect(shards.reduce((sum, {slots}) => sum + countSlots(slots), 0)).toBe(SLOTS);
  });

  test('asks for another password after it was changed', async () => {
    await changePassword(cluster, 'another');
    expect(cluster.url).toContain(':another@');
    expect(await cluster.nodes[0]!.cluster('INFO')).toContain('cluster_state:ok');
    await cluster.settled();
  });
});

test('slots that are being moved belong to their present owner', () => {
  const [node] = readClusterNodes(
    'abc 127.0.0.1:7000@17000,host myself,master - 0 0 1 connected 0-2 7 [93-<-def] [77->-def]\n',
  );
  expect(node).toEqual({
    id: 'abc',
    port: 7000,
    flags: ['myself', 'master'],
    masterId: undefined,
    slots: [
      {from: 0, to: 2},
      {from: 7, to: 7},
    ],
  });
});
