/**
 * What one call costs and how fast it is: one-way latency in each direction, reaction to an interruption, processor
 * time per call-second and memory per call, for each process apart. With --against the same load runs on another bridge
 * too, in turn with ours, and the ratio is printed.
 *
 *   npm run bench calls -- --calls 1,20,50,100 --seconds 20
 *   npm run bench calls -- --calls 20,100 --against plain
 *   npm run bench calls -- --against 'node ../another-bridge/server.js'
 *   npm run bench calls -- --calls 50 --profile /tmp/profiles
 */
import {mkdir} from 'node:fs/promises';
import {cpus, totalmem} from 'node:os';
import {resolve} from 'node:path';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import {Probes} from '../load/probes.ts';
import {ProbePhone} from './probe-phone.ts';
import {startProbeModel, type ProbeModel} from './probe-model.ts';
import {costOf} from './process-cost.ts';
import {percentiles, type Percentiles} from './percentiles.ts';
import {startOther, startOurs, type System} from './systems.ts';

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
    against: z
      .string()
      .optional()
      .describe('a command that starts another bridge on PORT; or plain: the usual bridge in one process'),
    profile: z
      .string()
      .optional()
      .describe('a folder for a processor profile of each process; npm run bench profile reads them'),
  }),
});
const SECONDS = values.seconds;
const PLAIN = 'exec node bench/calls/plain-bridge.ts';

interface Row {
  readonly bridge: 'ours' | 'other';
  readonly calls: number;
  readonly up: Percentiles;
  readonly down: Percentiles;
  readonly reaction: Percentiles;
  /** Milliseconds per call-second, by process. */
  readonly cpu: Readonly<Record<string, number>>;
  /** Bytes per call, by process. */
  readonly memory: Readonly<Record<string, number>>;
}

console.log(
  `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
);
console.log(`${SECONDS} s each; phones, model and load run in one more process on the same machine\n`);
const against = values.against === 'plain' ? PLAIN : values.against;
const rows: Row[] = [];
for (const calls of values.calls.split(',').map(Number)) {
  process.stderr.write(`measuring ${calls} call${calls === 1 ? '' : 's'} …\n`);
  rows.push(await measure('ours', calls, startOurs));
  if (against !== undefined)
    rows.push(await measure('other', calls, (url, probes) => startOther(against, url, probes)));
}
print(rows);

async function measure(
  bridge: Row['bridge'],
  calls: number,
  start: (modelUrl: string, probes: Probes) => Promise<System>,
): Promise<Row> {
  await using stack = new AsyncDisposableStack();
  const model = stack.use(await startProbeModel());
  const probes = stack.use(await Probes.listen());
  const system = stack.use(await start(model.url, probes));
  const idle = await costs(system);
  const urls = await Promise.all(Array.from({length: calls}, () => system.mediaUrl()));
  const phones = urls.map((url, call) => stack.use(new ProbePhone(url, call)));
  await Promise.all(phones.map(phone => phone.opened()));
  await run(phones, model, 2); // what is done only once is not measured
  await askAll(system, probes, 'begin', calls);
  const before = await costs(system);
  for (const phone of phones) phone.measured.departures.clear();
  const began = performance.now();
  const reactions = await run(phones, model, SECONDS);
  const took = (performance.now() - began) / 1_000;
  const after = await costs(system);
  await askAll(system, probes, 'end', calls);
  const each = (of: (name: string) => number) =>
    Object.fromEntries(Object.keys(after).map(name => [name, of(name) / calls]));
  return {
    bridge,
    calls,
    up: percentiles(phones.flatMap((phone, call) => waysUp(phone, call, model))),
    down: percentiles(phones.flatMap(phone => waysDown(phone, model))),
    reaction: percentiles(reactions),
    cpu: each(name => ((after[name]?.cpuMs ?? 0) - (before[name]?.cpuMs ?? 0)) / took),
    memory: each(name => Math.max(0, (after[name]?.rssBytes ?? 0) - (idle[name]?.rssBytes ?? 0))),
  };
}

/** Begins and ends the processor profiles. */
async function askAll(system: System, probes: Probes, ask: 'begin' | 'end', calls: number): Promise<void> {
  const folder = values.profile === undefined ? undefined : resolve(values.profile);
  if (folder === undefined) return;
  await mkdir(folder, {recursive: true});
  const processes = Object.entries(await system.pids()).flatMap(([name, pids]) => pids.map(pid => ({name, pid})));
  await Promise.all(
    processes.map(({name, pid}) => {
      const profile = resolve(folder, `${name}-${pid}-${calls}-calls.cpuprofile`);
      return probes.ask(pid, {ask, profile});
    }),
  );
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

/** Processor time and memory so far of each process of a system, by its name. */
async function costs(system: System) {
  const entries = await Promise.all(
    Object.entries(await system.pids()).map(async ([name, pids]) => {
      const all = await Promise.all(pids.map(costOf));
      const sum = (of: 'cpuMs' | 'rssBytes') => all.reduce((total, cost) => total + cost[of], 0);
      return [name, {cpuMs: sum('cpuMs'), rssBytes: sum('rssBytes')}] as const;
    }),
  );
  return Object.fromEntries(entries);
}

function print(table: readonly Row[]): void {
  const ms = (value: number) => (Number.isNaN(value) ? '–' : value.toFixed(value < 10 ? 2 : 1));
  const way = ({p50, p95, p99}: Percentiles) => `${ms(p50)} / ${ms(p95)} / ${ms(p99)}`;
  const parts = (of: Readonly<Record<string, number>>, show: (value: number) => string) =>
    Object.values(of).map(show).join(' / ');
  console.log(
    '| bridge | calls | up, ms (p50 / p95 / p99) | down, ms | reaction, ms | CPU, ms per call-second (ours: edge / worker / Redis) | memory, KiB per call |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const {bridge, calls, up, down, reaction, cpu, memory} of table) {
    const kib = (bytes: number) => String(Math.round(bytes / 1_024));
    console.log(
      `| ${bridge} | ${calls} | ${way(up)} | ${way(down)} | ${way(reaction)} | ${parts(cpu, ms)} | ${parts(memory, kib)} |`,
    );
  }
  const total = ({cpu}: Row) => Object.values(cpu).reduce((sum, each) => sum + each, 0);
  for (const other of table.filter(({bridge}) => bridge === 'other')) {
    const ours = table.find(({bridge, calls}) => bridge === 'ours' && calls === other.calls);
    if (!ours) continue;
    const ratio = (total(ours) / total(other)).toFixed(2);
    console.log(
      `\n${other.calls} calls: ours takes ${ms(total(ours))} ms of processor time per call-second, the other ${ms(total(other))}: ${ratio} times as much`,
    );
  }
}
