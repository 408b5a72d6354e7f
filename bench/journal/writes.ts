import {setTimeout as sleep} from 'node:timers/promises';
import {Redis} from 'ioredis';
import {Load} from '../failover/load.ts';

/** What one call in conversation costs Redis. */
export interface Writes {
  readonly calls: number;
  /** Of each kind, per call and second. */
  readonly scripts: number;
  readonly entries: number;
  readonly expires: number;
  /** Microseconds of Redis's processor time in the scripts, per call and second. */
  readonly microseconds: number;
}

/** Counts what Redis does for the journals of this many calls in conversation, for this long. */
export async function journalWrites(calls: number, seconds: number): Promise<Writes> {
  await using load = await Load.start(calls);
  const redis = new Redis(load.fleet.redisUrl);
  await redis.config('RESETSTAT');
  await sleep(seconds * 1_000);
  const stats = await redis.info('commandstats');
  redis.disconnect();
  await load.hangUp();
  const of = (command: string, field: string) =>
    Number(new RegExp(`cmdstat_${command}:.*?\\b${field}=([0-9.]+)`).exec(stats)?.[1] ?? 0);
  const per = (count: number) => count / calls / seconds;
  return {
    calls,
    // The only other script that runs all the time announces each process once a second, with one ZADD.
    scripts: per(of('evalsha', 'calls') - of('zadd', 'calls')),
    entries: per(of('xadd', 'calls')),
    expires: per(of('expire', 'calls')),
    microseconds: per(of('evalsha', 'usec')),
  };
}
