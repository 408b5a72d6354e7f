import {readdir} from 'node:fs/promises';
import type {RedisClient} from '@voicebridge/shared/redis/connect.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {costOf} from '../../bench/load/process-cost.ts';
import {type Held, Inspector} from './inspector.ts';

/** One process at one moment. */
export interface ProcessSample extends Held {
  readonly name: string;
  /** Bytes of the machine's memory. */
  readonly resident: number;
  readonly descriptors: number;
}

/** Everything that could grow, at one moment. */
export interface Sample {
  readonly at: Millis;
  readonly processes: readonly ProcessSample[];
  /** Sharded channels with a subscriber. */
  readonly channels: number;
  readonly redisClients: number;
  readonly redisKeys: number;
  readonly redisBytes: number;
}

/** A key that is left after all calls have ended. */
export interface LeftKey {
  readonly key: string;
  /** Seconds; -1 for a key that stays for ever. */
  readonly lifetime: number;
}

/** Takes samples of a fleet that was started with `INSPECTABLE`. */
export class Sampler implements Disposable {
  readonly #inspected: readonly (readonly [name: string, pid: number, Inspector])[];
  readonly #redis: RedisClient;

  private constructor(inspected: readonly (readonly [string, number, Inspector])[], redis: RedisClient) {
    this.#inspected = inspected;
    this.#redis = redis;
  }

  static async of(fleet: ProcessFleet, redis: RedisClient): Promise<Sampler> {
    const {webhook, edges, workers, analytics} = fleet;
    const all = [
      ['webhook', webhook] as const,
      ...edges.map((edge, index) => [`edge ${index + 1}`, edge] as const),
      ...workers.map((worker, index) => [`worker ${index + 1}`, worker] as const),
      ...(analytics ? [['analytics', analytics] as const] : []),
    ];
    const inspected = await Promise.all(
      all.map(async ([name, process]) => [name, process.pid, await Inspector.of(process)] as const),
    );
    return new Sampler(inspected, redis);
  }

  async take(at: Millis): Promise<Sample> {
    const processes: ProcessSample[] = [];
    // One after the other: a collection of garbage stops a process for a moment.
    for (const [name, pid, inspector] of this.#inspected) {
      const [held, {rssBytes: resident}] = [await inspector.look(), await costOf([pid])];
      processes.push({...held, name, resident, descriptors: (await readdir(`/proc/${pid}/fd`)).length});
    }
    const info = await this.#redis.info();
    return {
      at,
      processes,
      channels: ((await this.#redis.call('PUBSUB', 'SHARDCHANNELS')) as string[]).length,
      redisKeys: await this.#redis.dbsize(),
      redisClients: field(info, 'connected_clients'),
      redisBytes: field(info, 'used_memory'),
    };
  }

  /** Every key of a call that Redis still has. */
  async keysOfCalls(): Promise<readonly LeftKey[]> {
    const keys = await this.#redis.keys('call:*');
    const lifetimes = await Promise.all(keys.map(key => this.#redis.ttl(key)));
    return keys.map((key, index) => ({key, lifetime: lifetimes[index] ?? -1}));
  }

  [Symbol.dispose](): void {
    for (const [, , inspector] of this.#inspected) inspector[Symbol.dispose]();
  }
}

function field(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]);
}
