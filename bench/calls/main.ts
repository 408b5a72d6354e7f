/**
 * What one call costs and how fast it is: one-way latency in each direction, reaction to an interruption, processor
 * time per call-second and memory per call, for edge, worker and Redis apart.
 *
 *   npm run bench calls -- --calls 1,20,50,100 --seconds 20
 */
import {cpus, totalmem} from 'node:os';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import {findRedisBinary, startRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {freePort, startProcess} from '../../tools/local-stack/processes.ts';
import {ProbePhone} from './probe-phone.ts';
import {startProbeModel, type ProbeModel} from './probe-model.ts';
import {costOf} from './process-cost.ts';
import {percentiles, type Percentiles} from './percentiles.ts';

const values = commandLine({
  command: 'npm run bench calls --',
  about: 'What one call costs, and how fast it is.',
  options: z.object({
    calls: z
      .string()
      .regex(/^[1-9]\d*(,[1-9]\d*)*$/, 'must be numbers of calls with commas between')
      .default('1,20,50,100')
      .describe('how many calls at a time, one measurement each'),
    seconds: wholeNumber({min: 1, max: 3_600}).default(20).describe('how long each measurement takes'),
  }),
});
const SECONDS = values.seconds;

interface Row {
  readonly calls: number;
  readonly up: Percentiles;
  readonly down: Percentiles;
  readonly reaction: Percentiles;
  readonly cpu: Readonly<Record<string, number>>;
  readonly memory: Readonly<Record<string, number>>;
}

console.log(
  `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
);
console.log(`${SECONDS} s each; phones, model and load run in one more process on the same machine\n`);
const rows: Row[] = [];
for (const calls of values.calls.split(',').map(Number)) {
  process.stderr.write(`measuring ${calls} call${calls === 1 ? '' : 's'} …\n`);
  rows.push(await measure(calls));
}
print(rows);

async function measure(calls: number): Promise<Row> {
  await using stack = new AsyncDisposableStack();
  const model = stack.use(await startProbeModel());
  const binary = await findRedisBinary();
  if (!binary) throw new Error('this needs a redis-server on the PATH');
  const redis = await startRedisBinary(binary);
  stack.defer(() => redis.close());
  const common = {
    REDIS_URL: `redis://127.0.0.1:${redis.port}`,
    TWILIO_VALIDATE: 'off',
    OPENAI_API_KEY: 'k',
    OPENAI_REALTIME_URL: model.url,
    GREETING: 'off',
    GREETING_PROTECTED_MS: '0',
    MAX_CALLS: '1000',
    LOG_LEVEL: 'warn',
  };
  const worker = stack.use(await startProcess({service: 'services/realtime-worker', env: common}));
  const port = await freePort();
  const edge = stack.use(
    await startProcess({
      service: 'services/media-edge',
      env: {...common, PORT: String(port), PUBLIC_EDGE_URL: `ws://127.0.0.1:${port}`},
    }),
  );
  const pids = {edge: edge.pid, worker: worker.pid, redis: redis.pid};
  const idle = await costs(pids);
  const phones = Array.from({length: calls}, (_, call) => stack.use(new ProbePhone(`ws://127.0.0.1:${port}`, call)));
  await Promise.all(phones.map(phone => phone.opened()));
  await run(phones, model, 2); // what is done only once is not measured
  const before = await costs(pids);
  for (const phone of phones) phone.measured.departures.clear();
  const began = performance.now();
  const reactions = await run(phones, model, SECONDS);
  const took = (performance.now() - began) / 1_000;
  const after = await costs(pids);
  const per = (name: keyof typeof pids) => (after[name].cpuMs - before[name].cpuMs) / took / calls;
  const grown = (name: keyof typeof pids) => Math.max(0, after[name].rssBytes - idle[name].rssBytes) / calls;
  return {
    calls,
    up: percentiles(phones.flatMap((phone, call) => waysUp(phone, call, model))),
    down: percentiles(phones.flatMap(phone => waysDown(phone, model))),
    reaction: percentiles(reactions),
    cpu: {edge: per('edge'), worker: per('worker'), redis: per('redis')},
    memory: {edge: grown('edge'), worker: grown('worker'), redis: grown('redis')},
  };
}

/** All callers speak for this long. The model speaks too, and is interrupted every second. Returns the reactions. */
async function run(phones: readonly ProbePhone[], model: ProbeModel, seconds: number): Promise<number[]> {
  const reactions: number[] = [];
  const began = performance.now();
  const ticks = seconds * 50;
  for (let tick = 0; tick < ticks; tick += 1) {
    // Phones are not synchronised: each sends at its own moment of the 20 ms.
    const due = began + tick * 20;
    for (let slot = 0; slot < 4; slot += 1) {
      await until(due + slot * 5);
      phones.forEach((phone, index) => index % 4 === slot && phone.speak());
    }
    model.speak(tick % 12);
    if (tick % 50 === 49) {
      for (const phone of phones) phone.measured.clears.length = 0;
      model.interruptions.clear();
      model.interrupt();
    }
    if (tick % 50 === 20) {
      phones.forEach((phone, call) => {
        const at = model.interruptions.get(call);
        const clear = phone.measured.clears[0];
        if (at !== undefined && clear !== undefined) reactions.push(clear - at);
      });
    }
  }
  return reactions;
}

async function until(moment: number): Promise<void> {
  const wait = moment - performance.now();
  if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait));
}

function waysUp(phone: ProbePhone, call: number, model: ProbeModel): number[] {
  return [...phone.measured.departures].flatMap(([frame, left]) => {
    const arrived = model.arrivals.get(`${call}:${frame}`);
    return arrived === undefined ? [] : [arrived - left];
  });
}

function waysDown(phone: ProbePhone, model: ProbeModel): number[] {
  return [...phone.measured.arrivals].flatMap(([number, arrived]) => {
    const left = model.departures.get(number);
    return left === undefined ? [] : [arrived - left];
  });
}

async function costs<Name extends string>(pids: Readonly<Record<Name, number>>) {
  const entries = await Promise.all(
    Object.entries<number>(pids).map(async ([name, pid]) => [name, await costOf(pid)] as const),
  );
  return Object.fromEntries(entries) as Record<Name, Awaited<ReturnType<typeof costOf>>>;
}

function print(table: readonly Row[]): void {
  const ms = (value: number) => (Number.isNaN(value) ? '–' : value.toFixed(value < 10 ? 2 : 1));
  const way = ({p50, p95, p99}: Percentiles) => `${ms(p50)} / ${ms(p95)} / ${ms(p99)}`;
  const three = (of: Readonly<Record<string, number>>, show: (value: number) => string) =>
    ['edge', 'worker', 'redis'].map(name => show(of[name] ?? 0)).join(' / ');
  console.log(
    '| calls | up, ms (p50 / p95 / p99) | down, ms | reaction, ms | CPU, ms per call-second (edge / worker / Redis) | memory, KiB per call |',
  );
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const {calls, up, down, reaction, cpu, memory} of table) {
    const kib = (bytes: number) => String(Math.round(bytes / 1_024));
    console.log(
      `| ${calls} | ${way(up)} | ${way(down)} | ${way(reaction)} | ${three(cpu, ms)} | ${three(memory, kib)} |`,
    );
  }
}
