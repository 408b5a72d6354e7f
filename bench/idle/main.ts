/**
 * What a fleet without calls costs: processor time and memory of one process of each service and of Redis.
 *
 *   npm run bench idle -- --seconds 30
 */
import {mkdtemp, rm} from 'node:fs/promises';
import {cpus, loadavg, tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {costOf} from '../load/process-cost.ts';

/** After the start, code is still compiled and garbage collected. */
const SETTLE_MS = 10_000;

const {seconds} = commandLine({
  command: 'npm run bench idle --',
  about: 'Processor time and memory of a fleet without calls.',
  options: z.object({seconds: wholeNumber({min: 1, max: 3_600}).default(30).describe('how long to measure')}),
});

const dataDir = await mkdtemp(join(tmpdir(), 'voicebridge-idle-'));
await using stack = new AsyncDisposableStack();
stack.defer(() => rm(dataDir, {recursive: true, force: true}));
const fleet = stack.use(await ProcessFleet.start({edges: 1, workers: 1, analytics: {dataDir}}));
await sleep(SETTLE_MS);

const pids = {
  webhook: fleet.webhook.pid,
  edge: fleet.edges[0]!.pid,
  worker: fleet.workers[0]!.pid,
  analytics: fleet.analytics!.pid,
  redis: fleet.redisPid,
};
const names = Object.keys(pids) as (keyof typeof pids)[];
const before = await Promise.all(names.map(name => costOf([pids[name]])));
const from = performance.now();
await sleep(seconds * 1_000);
const passed = (performance.now() - from) / 1_000;
const after = await Promise.all(names.map(name => costOf([pids[name]])));

console.log(
  `${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, load average ${loadavg()[0]?.toFixed(1)}`,
);
console.log(`\n| | ms of processor time a second | MB |\n| --- | --: | --: |`);
let sum = 0;
names.forEach((name, index) => {
  const ms = (after[index]!.cpuMs - before[index]!.cpuMs) / passed;
  sum += ms;
  console.log(`| ${name} | ${ms.toFixed(1)} | ${Math.round(after[index]!.rssBytes / 2 ** 20)} |`);
});
console.log(`| together | ${sum.toFixed(1)} | |`);
await stack.disposeAsync();
process.exit(0);
