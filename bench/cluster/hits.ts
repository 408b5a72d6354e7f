import {setTimeout as sleep} from 'node:timers/promises';
import type {Millis} from '@voicebridge/shared/time.ts';
import {
  addShard,
  changePassword,
  emptyShard,
  failOver,
  freezeMaster,
  killMaster,
  type Outage,
  refillShard,
  removeShard,
  shardAway,
} from '../../tools/local-stack/redis/cluster-faults.ts';
import type {SlotRange} from '../../tools/local-stack/redis/cluster-topology.ts';
import type {RedisCluster} from '../../tools/local-stack/redis/redis-cluster.ts';

/** One repetition of a fault: what was hit, and when. Moments are monotonic milliseconds. */
export interface Hit {
  readonly slots: readonly SlotRange[];
  readonly from: Millis;
  readonly until: Millis;
  /** How long no node took a write to these slots. */
  readonly outage: Millis;
}

/** A kind of fault: does it to the shard of a turn, and resolves when the Cluster is as it was before. */
export interface Fault {
  readonly about: string;
  readonly strike: (cluster: RedisCluster, turn: number) => Promise<readonly Hit[]>;
}

const AWAY: Millis = 3_000;
const PASSWORD_AWAY: Millis = 2_000;

async function shardOfTurn(cluster: RedisCluster, turn: number) {
  const shards = await cluster.shards();
  const shard = shards[turn % shards.length];
  if (!shard) throw new Error('the cluster has no shard');
  return shard;
}

function ofOutage(fault: (...of: Parameters<typeof failOver>) => Promise<Outage>): Fault['strike'] {
  return async (cluster, turn) => {
    const shard = await shardOfTurn(cluster, turn);
    const {from, until} = await fault(cluster, shard);
    return [{slots: shard.slots, from, until, outage: until - from}];
  };
}

/** Slots that move are never without an owner. */
async function moving(slots: readonly SlotRange[], move: () => Promise<unknown>): Promise<Hit> {
  const from = performance.now();
  await move();
  return {slots, from, until: performance.now(), outage: 0};
}

/** The faults, by name. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  failover: {about: 'planned failover of each shard in turn', strike: ofOutage(failOver)},
  kill: {about: 'master killed with -9', strike: ofOutage(killMaster)},
  hang: {
    about: `master stopped for ${AWAY / 1_000} s`,
    strike: ofOutage((cluster, shard) => freezeMaster(cluster, shard, AWAY)),
  },
  away: {
    about: `master and replica away for ${AWAY / 1_000} s`,
    strike: ofOutage((cluster, shard) => shardAway(cluster, shard, AWAY)),
  },
  slots: {
    about: 'all slots of a shard moved to another one, and back',
    async strike(cluster, turn) {
      const shard = await shardOfTurn(cluster, turn);
      const other = await shardOfTurn(cluster, turn + 1);
      return [
        await moving(shard.slots, () => emptyShard(cluster, shard, other.master)),
        await moving(shard.slots, () => refillShard(cluster, shard)),
      ];
    },
  },
  grow: {
    about: 'a master and a replica added with a quarter of all slots, and removed',
    async strike(cluster) {
      const from = performance.now();
      const added = await addShard(cluster);
      const grown = {slots: added.slots, from, until: performance.now(), outage: 0};
      return [grown, await moving(added.slots, () => removeShard(cluster, added))];
    },
  },
  password: {
    about: `every connection closed and the password refused for ${PASSWORD_AWAY / 1_000} s`,
    async strike(cluster) {
      const {password = ''} = cluster;
      const from = performance.now();
      await changePassword(cluster, `${password}-other`);
      await sleep(PASSWORD_AWAY);
      await changePassword(cluster, password);
      const until = performance.now();
      return [{slots: [{from: 0, to: 16_383}], from, until, outage: until - from}];
    },
  },
};
