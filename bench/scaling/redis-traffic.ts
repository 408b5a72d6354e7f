import type {Redis} from 'ioredis';

/** What a Redis has done so far, all masters of a Cluster together. */
export interface Traffic {
  /** Calls of each command, as `INFO commandstats` counts them; what scripts call is counted too. */
  readonly commands: Readonly<Record<string, number>>;
  /** Bytes that came in, and that went out. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Open connections, without those of the watchers and of the nodes among each other. */
  readonly connections: number;
  /** Microseconds of the one thread that runs commands. */
  readonly busyUs: number;
  /** How many processes hear the heartbeats of workers, summed over the workers. */
  readonly listeners: number;
}

/** One watching connection for each master. */
export async function trafficOf(watchers: readonly Redis[]): Promise<Traffic> {
  const each = await Promise.all(watchers.map(trafficOfOne));
  const sum = (pick: (traffic: Traffic) => number) => each.reduce((total, traffic) => total + pick(traffic), 0);
  const commands: Record<string, number> = {};
  for (const traffic of each)
    for (const [name, calls] of Object.entries(traffic.commands)) commands[name] = (commands[name] ?? 0) + calls;
  return {
    commands,
    bytesIn: sum(({bytesIn}) => bytesIn),
    bytesOut: sum(({bytesOut}) => bytesOut),
    connections: sum(({connections}) => connections),
    busyUs: sum(({busyUs}) => busyUs),
    listeners: sum(({listeners}) => listeners),
  };
}

async function trafficOfOne(redis: Redis): Promise<Traffic> {
  const info = await redis.info('everything');
  const number = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? 0);
  const commands: Record<string, number> = {};
  for (const [, name = '', calls = ''] of info.matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm))
    commands[name] = Number(calls);
  const clients =
    String(await redis.client('LIST', 'TYPE', 'NORMAL')) + String(await redis.client('LIST', 'TYPE', 'PUBSUB'));
  const beats = (await redis.call('PUBSUB', 'SHARDCHANNELS', 'worker:*:beat')) as string[];
  const counts = beats.length > 0 ? ((await redis.call('PUBSUB', 'SHARDNUMSUB', ...beats)) as (string | number)[]) : [];
  return {
    commands,
    bytesIn: number('total_net_input_bytes'),
    bytesOut: number('total_net_output_bytes'),
    connections: clients.split('\n').filter(line => line.startsWith('id=')).length - 1,
    busyUs: 1e6 * (number('used_cpu_user_main_thread') + number('used_cpu_sys_main_thread')),
    listeners: counts.filter(count => typeof count === 'number').reduce((sum, count) => sum + count, 0),
  };
}
