import {setTimeout as sleep} from 'node:timers/promises';
import type {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {RunningProcess} from '../../tools/local-stack/processes.ts';

/** Returns numbers in [0, 1). */
export type Random = () => number;

/** A fault. Resolves when it is over and what died has been replaced. */
interface Death {
  readonly name: string;
  /** Its weight, compared with the other faults. */
  readonly weight: number;
  /** Records wait in Redis, and are not promised to survive a Redis that loses its data. */
  readonly needsRedisToKeep?: true;
  readonly strike: (fleet: ProcessFleet, random: Random) => Promise<void>;
}

const SIGSTOP_WORKER_MS = [200, 3_000] as const;
const SIGSTOP_EDGE_MS = [100, 1_500] as const;
const REDIS_AWAY_MS = [100, 2_500] as const;

/** All faults. Two processes of one kind never die at once, so that another can take over. */
const DEATHS: readonly Death[] = [
  {
    name: 'kill -9 worker',
    weight: 4,
    async strike(fleet, random) {
      await replace(one(fleet.workers, random), fleet.workers, () => fleet.addWorker());
    },
  },
  {
    name: 'SIGSTOP worker',
    weight: 3,
    strike: (fleet, random) => stop(one(fleet.workers, random).pid, SIGSTOP_WORKER_MS, random),
  },
  {
    name: 'SIGTERM worker',
    weight: 2,
    async strike(fleet, random) {
      await fleet.addWorker();
      const old = one(fleet.workers.slice(0, -1), random);
      remove(fleet.workers, old);
      await old.stop(20_000);
    },
  },
  {
    name: 'kill -9 edge',
    weight: 3,
    async strike(fleet, random) {
      await replace(one(fleet.edges, random), fleet.edges, () => fleet.addEdge());
    },
  },
  {
    name: 'SIGSTOP edge',
    weight: 1,
    strike: (fleet, random) => stop(one(fleet.edges, random).pid, SIGSTOP_EDGE_MS, random),
  },
  {
    name: 'kill -9 redis',
    weight: 2,
    needsRedisToKeep: true,
    async strike(fleet, random) {
      await fleet.stopRedis();
      await sleep(between(REDIS_AWAY_MS, random));
      await fleet.startRedis();
    },
  },
  {
    name: 'SIGSTOP redis',
    weight: 1,
    strike: (fleet, random) => stop(fleet.redisPid, REDIS_AWAY_MS, random),
  },
  {
    name: 'reset model sockets',
    weight: 2,
    async strike(fleet, random) {
      const open = (await fleet.sessions()).filter(({closedAt}) => closedAt === null);
      const some = open.filter(() => random() < 0.3);
      await Promise.all(some.map(({id}) => fleet.closeSession(id, 'reset')));
    },
  },
  {
    name: 'kill -9 analytics',
    weight: 1,
    async strike(fleet) {
      fleet.analytics?.kill('SIGKILL');
      await fleet.analytics?.exited;
      await fleet.startAnalytics();
    },
  },
];

/** Draws the next fault. `redisKeeps`: a killed Redis comes back with its data. */
export function nextDeath(random: Random, {redisKeeps}: {readonly redisKeeps: boolean}): Death {
  const deaths = DEATHS.filter(death => redisKeeps || !death.needsRedisToKeep);
  let left = random() * deaths.reduce((sum, {weight}) => sum + weight, 0);
  for (const death of deaths) {
    left -= death.weight;
    if (left < 0) return death;
  }
  return one(deaths, random);
}

/** The replacement starts after the old process has ended, as with a supervisor. */
async function replace(victim: RunningProcess, all: RunningProcess[], add: () => Promise<unknown>): Promise<void> {
  victim.kill('SIGKILL');
  remove(all, victim);
  await add();
}

async function stop(pid: number, range: readonly [number, number], random: Random): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await sleep(between(range, random));
  process.kill(pid, 'SIGCONT');
}

function one<Item>(items: readonly Item[], random: Random): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('there is nothing left to choose from');
  return item;
}

function remove<Item>(items: Item[], item: Item): void {
  items.splice(items.indexOf(item), 1);
}

function between([least, most]: readonly [number, number], random: Random): number {
  return least + random() * (most - least);
}
