import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Millis} from '@voicebridge/shared/time.ts';
import {metric, type FleetOptions, type ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {killMaster} from '../../tools/local-stack/redis/cluster-faults.ts';
import {findRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {RedisCluster} from '../../tools/local-stack/redis/redis-cluster.ts';
import type {RunningProcess} from '../../tools/local-stack/processes.ts';

/** Something that happens to a running fleet, again and again. */
export interface Fault {
  /** Resolves when everything is as it was before. Callers interrupt meanwhile. */
  strike(fleet: ProcessFleet, turn: number): Promise<void>;
  readonly options?: FleetOptions;
  close?(): Promise<unknown>;
}

/** How long a single Redis is away. */
const AWAY: Millis = 1_500;
/** How long the edge or the worker that died is missed, before another one starts. */
const MISSED: Millis = 3_000;

/** The faults, by name, and what they are for people. */
export const FAULTS: Readonly<Record<string, {readonly about: string; readonly begin: () => Promise<Fault>}>> = {
  none: {about: 'nothing', begin: async () => ({strike: () => sleep(1_000)})},
  cluster: {about: 'a master of a Redis Cluster killed', begin: clusterKilled},
  redis: {
    about: `Redis killed, back with its data after ${AWAY / 1_000} s`,
    async begin() {
      const redisDir = await mkdtemp(join(tmpdir(), 'voicebridge-memory-'));
      return {strike: restartRedis, options: {redisDir}, close: () => rm(redisDir, {recursive: true, force: true})};
    },
  },
  'empty-redis': {
    about: `Redis killed, back without its data after ${AWAY / 1_000} s`,
    begin: async () => ({strike: restartRedis}),
  },
  'edge-stop': {
    about: 'the edge frozen for 1 to 3 s',
    begin: async () => ({
      options: {edges: 1},
      async strike({edges: [edge]}) {
        edge?.kill('SIGSTOP');
        await sleep(1_000 + 2_000 * Math.random());
        edge?.kill('SIGCONT');
      },
    }),
  },
  'edge-kill': {
    about: 'an edge killed',
    begin: async () => ({
      // One call loses more edges here than any real call would.
      options: {edges: 2, env: {MAX_ATTEMPTS: '100'}},
      async strike(fleet) {
        const victim = await busiest(fleet.edges, 'voicebridge_calls_active');
        fleet.edges.splice(fleet.edges.indexOf(victim), 1);
        victim.kill('SIGKILL');
        await sleep(MISSED);
        await fleet.addEdge();
      },
    }),
  },
  'worker-kill': {
    about: 'a worker killed',
    begin: async () => ({
      options: {workers: 2},
      async strike(fleet) {
        const victim = await busiest(fleet.workers, 'voicebridge_calls_active');
        fleet.workers.splice(fleet.workers.indexOf(victim), 1);
        victim.kill('SIGKILL');
        await sleep(MISSED);
        await fleet.addWorker();
      },
    }),
  },
};

async function clusterKilled(): Promise<Fault> {
  const binary = await findRedisBinary();
  if (!binary) throw new Error('this needs a redis-server or valkey-server 7 on the PATH');
  const cluster = await RedisCluster.start(binary, {replicas: 1, nodeTimeout: 1_000});
  return {
    options: {redisUrl: cluster.url},
    async strike(_, turn) {
      const shards = await cluster.shards();
      const shard = shards[turn % shards.length];
      if (shard) await killMaster(cluster, shard);
    },
    close: () => cluster[Symbol.asyncDispose](),
  };
}

async function restartRedis(fleet: ProcessFleet): Promise<void> {
  await fleet.stopRedis('SIGKILL');
  await sleep(AWAY);
  await fleet.startRedis();
}

async function busiest(processes: readonly RunningProcess[], by: string): Promise<RunningProcess> {
  const counts = await Promise.all(processes.map(each => metric(each, by)));
  const first = processes[counts.indexOf(Math.max(...counts))];
  if (!first) throw new Error('no process is left');
  return first;
}
