import {setTimeout as sleep} from 'node:timers/promises';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {ClusterNode} from './cluster-node.ts';
import {countSlots, includesSlot, listSlots} from './cluster-topology.ts';
import {type RedisCluster, type Shard, until} from './redis-cluster.ts';

/** What happened to a shard, and how long no node of it took a write. Moments are monotonic milliseconds. */
export interface Outage {
  readonly from: Millis;
  readonly until: Millis;
}

const PROBE_EVERY: Millis = 5;
const PROBE_WITHIN: Millis = 100;
const KEYS_AT_ONCE = 100;
const SLOTS_AT_ONCE = 64;

/**
 * The former owner has heard already that it lost its last slot, and follows the new one. A client that waits for the
 * replicas of Valkey then is sent UNBLOCKED, and its connection is closed.
 */
const IS_REPLICA_BY_NOW = /only with masters|^UNBLOCKED|connection close/;

/** A planned failover: the first replica becomes the master, as before maintenance. */
export async function failOver(cluster: RedisCluster, shard: Shard): Promise<Outage> {
  const {master} = shard;
  const [replica] = shard.replicas;
  if (!replica) throw new Error('a shard without a replica cannot fail over');
  const key = await keyOf(cluster, shard);
  const from = performance.now();
  await replica.cluster('FAILOVER');
  const outage = {from, until: await untilWritable([replica], key)};
  await until(`${master.port} to follow ${replica.port}`, async () =>
    /role:slave/.test(String(await master.ask('INFO', ['replication']))),
  );
  await cluster.settled();
  return outage;
}

/** kill -9 of a master. When a replica has taken over, the dead node comes back, as that one's replica. */
export async function killMaster(cluster: RedisCluster, shard: Shard): Promise<Outage> {
  const {master, replicas} = shard;
  const key = await keyOf(cluster, shard);
  const from = performance.now();
  await master.kill();
  const outage = {from, until: await untilWritable(replicas, key)};
  await master.revive();
  await cluster.settled();
  return outage;
}

/** SIGSTOP of a master for longer than it takes to replace it; its connections stay open all the time. */
export async function freezeMaster(cluster: RedisCluster, shard: Shard, ms: Millis): Promise<Outage> {
  const key = await keyOf(cluster, shard);
  const from = performance.now();
  shard.master.freeze();
  try {
    const until = await untilWritable(shard.replicas, key);
    await sleep(Math.max(0, ms - (performance.now() - from)));
    return {from, until};
  } finally {
    shard.master.thaw();
    await cluster.settled();
  }
}

/** The master and all replicas of a shard hang, so that nobody can take over. */
export async function shardAway(cluster: RedisCluster, shard: Shard, ms: Millis): Promise<Outage> {
  const nodes = [shard.master, ...shard.replicas];
  const key = await keyOf(cluster, shard);
  const from = performance.now();
  for (const node of nodes) node.freeze();
  await sleep(ms);
  for (const node of nodes) node.thaw();
  const outage = {from, until: await untilWritable(nodes, key)};
  await cluster.settled();
  return outage;
}

/**
 * Moves slots and their keys while they are used, in the order of `redis-cli --cluster reshard`. A master that gives its
 * last slot away becomes a replica of the receiver: that is what Redis does by default.
 */
export async function moveSlots(
  cluster: RedisCluster,
  from: ClusterNode,
  to: ClusterNode,
  slots: readonly number[],
): Promise<void> {
  const [source, target] = [await from.cluster('MYID'), await to.cluster('MYID')];
  const others = (await cluster.shards()).map(({master}) => master).filter(node => node !== from && node !== to);
  for (let first = 0; first < slots.length; first += SLOTS_AT_ONCE) {
    const some = slots.slice(first, first + SLOTS_AT_ONCE);
    const setSlots = (...state: string[]) => some.map(slot => ['SETSLOT', slot, ...state]);
    refuse(await to.clusterAll(setSlots('IMPORTING', source)));
    refuse(await from.clusterAll(setSlots('MIGRATING', target)));
    await Promise.all(some.map(slot => moveKeys(cluster, from, to, slot)));
    for (const node of [to, from, ...others]) {
      const failures = await node.clusterAll(setSlots('NODE', target));
      refuse(failures.filter(({message}) => !(node === from && IS_REPLICA_BY_NOW.test(message))));
    }
  }
}

function refuse([failure]: readonly Error[]): void {
  if (failure) throw failure;
}

async function moveKeys(cluster: RedisCluster, from: ClusterNode, to: ClusterNode, slot: number): Promise<void> {
  const secret = cluster.password === undefined ? [] : ['AUTH', cluster.password];
  for (;;) {
    const keys = (await from.ask('CLUSTER', ['GETKEYSINSLOT', slot, KEYS_AT_ONCE])) as string[];
    if (keys.length === 0) return;
    await from.ask('MIGRATE', ['127.0.0.1', to.port, '', 0, 5_000, ...secret, 'KEYS', ...keys], 10_000);
  }
}

/** Moves all slots of one shard to the master of another one. */
export async function emptyShard(cluster: RedisCluster, {master, slots}: Shard, to: ClusterNode): Promise<void> {
  await moveSlots(cluster, master, to, listSlots(slots));
  await cluster.settled();
}

/** Makes an emptied master, which follows another one by now, a master again with its slots and its replicas. */
export async function refillShard(cluster: RedisCluster, {master, replicas, slots}: Shard): Promise<void> {
  const {master: keeper} = (await cluster.shards()).find(({slots: all}) => countSlots(all) > 0) ?? {};
  if (!keeper) throw new Error('no shard has slots');
  if (/role:slave/.test(String(await master.ask('INFO', ['replication'])))) {
    await master.cluster('RESET', 'SOFT');
    await cluster.meet(master, keeper);
    for (const replica of replicas) await cluster.follow(replica, master);
    await cluster.settled();
  }
  const wanted = new Set(listSlots(slots));
  for (const holder of await cluster.shards()) {
    const theirs = listSlots(holder.slots).filter(slot => wanted.has(slot));
    if (holder.master !== master) await moveSlots(cluster, holder.master, master, theirs);
  }
  await cluster.settled();
}

/** Adds a master with a replica and gives it its share of all slots, or this many of each shard. */
export async function addShard(cluster: RedisCluster, ofEach?: number): Promise<Shard> {
  const shards = await cluster.shards();
  const [first] = shards;
  if (!first) throw new Error('the cluster has no shard');
  const [master, replica] = [await cluster.startNode(), await cluster.startNode()];
  await cluster.meet(master, first.master);
  await cluster.meet(replica, first.master);
  await cluster.follow(replica, master);
  await cluster.settled();
  for (const shard of shards) {
    const own = listSlots(shard.slots);
    await moveSlots(
      cluster,
      shard.master,
      master,
      own.slice(0, ofEach ?? Math.floor(own.length / (shards.length + 1))),
    );
  }
  await cluster.settled();
  const added = (await cluster.shards()).find(shard => shard.master === master);
  if (!added) throw new Error('the new master did not become one');
  return added;
}

/** Gives the slots of a shard to the others and stops its nodes. */
export async function removeShard(cluster: RedisCluster, {master, replicas, slots}: Shard): Promise<void> {
  const others = (await cluster.shards()).filter(shard => shard.master !== master);
  const all = listSlots(slots);
  for (const [index, other] of others.entries()) {
    const [begin, end] = [index, index + 1].map(part => Math.floor((part * all.length) / others.length));
    await moveSlots(cluster, master, other.master, all.slice(begin, end));
  }
  await cluster.settled();
  const gone = [...replicas, master];
  const ids = await Promise.all(gone.map(node => node.cluster('MYID')));
  for (const node of gone) await cluster.stopNode(node);
  // A node that is forgotten by some only is introduced again by the others.
  await Promise.all(cluster.nodes.flatMap(node => ids.map(id => node.cluster('FORGET', id))));
  await cluster.settled();
}

/** Every node asks for another password from now on, and all connections of clients are closed. */
export async function changePassword(cluster: RedisCluster, password: string): Promise<void> {
  for (const node of cluster.nodes) {
    await node.ask('CONFIG', ['SET', 'masterauth', password, 'requirepass', password]);
  }
  cluster.setPassword(password);
  for (const node of cluster.nodes) {
    await node.ask('CLIENT', ['KILL', 'TYPE', 'pubsub']);
    await node.ask('CLIENT', ['KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
  }
}

/** When one of these nodes takes a write of this key, which only a master of its slot does. */
async function untilWritable(nodes: readonly ClusterNode[], key: string): Promise<Millis> {
  const end = performance.now() + 30_000;
  const probe = async (node: ClusterNode) => (await node.ask('SET', [key, '', 'PX', 1_000], PROBE_WITHIN)) === 'OK';
  while (performance.now() < end) {
    const taken = await Promise.all(nodes.map(node => probe(node).catch(() => false)));
    if (taken.includes(true)) return performance.now();
    await sleep(PROBE_EVERY);
  }
  throw new Error('no node of the shard took a write within 30 s');
}

/** A key that this shard holds, found by trial. */
async function keyOf(cluster: RedisCluster, {slots}: Shard): Promise<string> {
  for (let number = 0; number < 10_000; number += 1) {
    const key = `probe-${number}`;
    if (includesSlot(slots, await cluster.slotOf(key))) return key;
  }
  throw new Error('this shard has no slots');
}
