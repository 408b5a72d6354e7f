import {setTimeout as sleep} from 'node:timers/promises';
import {RedisCallDirectory} from '@voicebridge/shared/call-directory/redis-call-directory.ts';
import {RedisFleet} from '@voicebridge/shared/fleet/redis-fleet.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {CallSid, ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {systemClock} from '@voicebridge/shared/time.ts';
import {Redis} from 'ioredis';
import {JournalSeal} from '../../services/realtime-worker/src/events/journal-seal.ts';
import {sweepOrphans} from '../../services/realtime-worker/src/ownership/orphan-sweep.ts';

const [owner, worker] = [ProcessId.parse('worker-owner'), ProcessId.parse('worker-sweeper')];

/** What looking for orphans costs one worker of two while this many calls of the other are open. */
export interface SweepCost {
  readonly open: number;
  /** Commands to Redis a second, and how many of them read a call. */
  readonly commands: number;
  readonly reads: number;
  /** Share of one core, 0 to 1: of this process. */
  readonly core: number;
}

/** Measures one worker's sweep in this process. */
export async function sweepCost(redisUrl: string, open: number, seconds: number): Promise<SweepCost> {
  const log = createLog('bench', {level: 'silent'});
  const redis = openRedis(redisUrl, 'commands', log);
  const [directory, fleet] = [new RedisCallDirectory(redis), new RedisFleet(redis)];
  for (let first = 0; first < open; first += 500) {
    const numbers = Array.from({length: Math.min(500, open - first)}, (_, place) => first + place);
    await Promise.all(numbers.map(number => directory.claim(sidOf(number), {epoch: 0, owner, at: 0})));
  }
  const announce = () => Promise.all([owner, worker].map(id => fleet.announce('workers', member(id))));
  await announce();
  const announcing = setInterval(() => void announce(), 1_000);
  const watch = new Redis(redisUrl);
  await watch.config('RESETSTAT');
  const before = process.cpuUsage();
  const stop = sweepOrphans({
    sealOf: () => new JournalSeal(),
    directory,
    fleet,
    worker,
    clock: systemClock,
    log,
    isOwnedHere: () => false,
    onOrphan: async () => {},
  });
  await sleep(seconds * 1_000);
  const used = process.cpuUsage(before);
  const stats = await watch.info('commandstats');
  stop();
  clearInterval(announcing);
  const calls = (command: string) => Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  // Each second two announcements are a script of four commands and some; they are not the sweep's.
  const commands = ['smembers', 'srandmember', 'sscan', 'hmget', 'hgetall', 'zrange', 'scard', 'srem'].map(calls);
  for (const each of [redis, watch]) each.disconnect();
  return {
    open,
    commands: commands.reduce((sum, count) => sum + count, 0) / seconds,
    reads: (calls('hmget') + calls('hgetall')) / seconds,
    core: (used.user + used.system) / 1e6 / seconds,
  };
}

function sidOf(number: number): CallSid {
  return CallSid.parse(`CA${String(number).padStart(32, '0')}`);
}

function member(id: ProcessId) {
  return {id, calls: 0, capacity: 10_000, state: 'ready' as const, lagMs: 0, startedAt: 0};
}
