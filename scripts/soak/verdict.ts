import type {Millis} from '@voicebridge/shared/time.ts';
import type {LeftKey, ProcessSample, Sample} from './sample.ts';

/** What was seen of one soak. */
export interface Soak {
  /** Calls that ended, without those of the warm-up. */
  readonly calls: number;
  /** Without a call, after the warm-up. */
  readonly before: Sample;
  /** Under calls. */
  readonly during: readonly Sample[];
  /** Without a call again. */
  readonly after: Sample;
  /** Keys of calls that are left, and when their calls ended, as `after.at`; undefined for a call that nobody made. */
  readonly left: readonly (LeftKey & {readonly endedAt: Millis | undefined})[];
  /** How long a key may outlive its call, in seconds. */
  readonly keysLiveFor: number;
}

const MB = 2 ** 20;
/** Caches and compiled code settle within this; a leak of a kilobyte a call passes it after some thousand calls. */
const HEAP_MAY_GROW = 4 * MB;
/** Or is told by its slope under load, in bytes a call. */
const HEAP_MAY_GROW_A_CALL = 4_096;
/** Sockets that are just being closed, and files of tables that the embedded database opens when they are first used. */
const DESCRIPTORS_MAY_GROW = 10;
const CONNECTIONS_MAY_GROW = 2;
const TIMERS_MAY_GROW = 3;
/** Redis takes expired keys out when it comes by. */
const KEY_MAY_BE_LATE: Millis = 15_000;

/** What did not come back to where it was: one line each. */
export function whatGrew({calls, before, during, after, left, keysLiveFor}: Soak): string[] {
  return [
    ...after.processes.flatMap(process => {
      const was = before.processes.find(({name}) => name === process.name) ?? process;
      const slope = heapSlope(during, process.name) * (spanOf(during) / Math.max(1, calls));
      return [
        ...(process.heap - was.heap > HEAP_MAY_GROW && slope > HEAP_MAY_GROW_A_CALL
          ? [`${process.name} holds ${mb(process.heap - was.heap)} MB more, ${Math.round(slope)} bytes a call`]
          : []),
        ...grew(process.name, 'descriptors', was.descriptors, process.descriptors, DESCRIPTORS_MAY_GROW),
        ...grew(process.name, 'timers', was.timers, process.timers, TIMERS_MAY_GROW),
      ];
    }),
    ...grew('redis', 'channels', before.channels, after.channels, 0),
    ...grew('redis', 'connections', before.redisClients, after.redisClients, CONNECTIONS_MAY_GROW),
    ...left.flatMap(({key, lifetime, endedAt}) => {
      if (lifetime < 0) return [`the key ${key} would stay for ever`];
      if (endedAt === undefined) return [`the key ${key} is of no call`];
      const age = after.at - endedAt;
      return age > keysLiveFor * 1_000 + KEY_MAY_BE_LATE
        ? [`the key ${key} is there ${Math.round(age / 1_000)} s after its call ended`]
        : [];
    }),
  ];
}

/** The figures as a table in Markdown: before, under calls and after. */
export function tableOf({calls, before, during, after}: Soak): string {
  const most = (name: string, pick: (process: ProcessSample) => number) =>
    Math.max(...during.flatMap(({processes}) => processes.filter(each => each.name === name).map(pick)));
  const rows = after.processes.map(process => {
    const was = before.processes.find(({name}) => name === process.name) ?? process;
    const slope = heapSlope(during, process.name) * 3_600_000;
    const aCall = (heapSlope(during, process.name) * spanOf(during)) / Math.max(1, calls);
    const three = (pick: (each: ProcessSample) => number, show: (value: number) => string | number) =>
      [pick(was), most(process.name, pick), pick(process)].map(show).join(' → ');
    return [
      process.name,
      three(each => each.heap + each.buffers, mb),
      `${mb(slope)} MB an hour, ${Math.round(aCall)} bytes a call`,
      three(each => each.resident, mb),
      three(each => each.descriptors, String),
      three(each => each.timers, String),
    ];
  });
  const head = ['', 'heap, MB', 'its slope in the second half', 'resident, MB', 'descriptors', 'timers'];
  const redis = (pick: (sample: Sample) => number) => [pick(before), Math.max(...during.map(pick)), pick(after)];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    line(head.map((_, index) => (index === 0 ? '---' : '--:'))),
    ...rows.map(line),
    '',
    `Redis, before → at most → after: ${redis(({channels}) => channels).join(' → ')} channels, ` +
      `${redis(({redisClients}) => redisClients).join(' → ')} connections, ` +
      `${redis(({redisKeys}) => redisKeys).join(' → ')} keys, ` +
      `${redis(({redisBytes}) => redisBytes)
        .map(mb)
        .join(' → ')} MB`,
  ].join('\n');
}

/** Bytes a millisecond of what the process holds, by least squares over the second half of the samples. */
export function heapSlope(during: readonly Sample[], name: string): number {
  const half = during.slice(Math.floor(during.length / 2));
  const points = half.flatMap(({at, processes}) => {
    const process = processes.find(each => each.name === name);
    return process ? [[at, process.heap + process.buffers] as const] : [];
  });
  if (points.length < 2) return 0;
  const mean = (index: 0 | 1) => points.reduce((sum, point) => sum + point[index], 0) / points.length;
  const [middle, level] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [at]) => sum + (at - middle) ** 2, 0);
  return points.reduce((sum, [at, bytes]) => sum + (at - middle) * (bytes - level), 0) / spread;
}

function spanOf(during: readonly Sample[]): Millis {
  return (during.at(-1)?.at ?? 0) - (during[0]?.at ?? 0);
}

function grew(who: string, what: string, from: number, to: number, allowed: number): string[] {
  return to - from > allowed ? [`${who} has ${to} ${what}, and had ${from}`] : [];
}

function mb(bytes: number): string {
  return (bytes / MB).toFixed(1);
}
