/**
 * Whether a caller is ever told that all lines are busy while places are free: callers dial a system that has just been
 * started, on a machine that other work keeps busy. Exit code 1 if one of them was refused, or accepted and dropped.
 *
 *   npm run bench admission -- --calls 100 --rate 10 --busy 0.9 --loops 1
 */
import {cpus, totalmem} from 'node:os';
import {setTimeout as sleep} from 'node:timers/promises';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import {busyShare, makeBusy} from './busy-machine.ts';
import {percentiles} from '../load/percentiles.ts';

const share = () =>
  z
    .string()
    .regex(/^(0(\.\d+)?|1(\.0+)?)$/, 'must be a share from 0 to 1')
    .default('0.9')
    .transform(Number);
const {calls, rate, busy, loops, workers, edges, stay} = commandLine({
  command: 'npm run bench admission --',
  about: 'Whether a caller is told that all lines are busy while places are free.',
  options: z.object({
    calls: wholeNumber({min: 1, max: 100_000}).default(100).describe('how many callers'),
    rate: wholeNumber({min: 1, max: 10_000}).default(10).describe('how many of them dial in a second'),
    busy: share().describe('the share of each processor that other work takes (0.9)'),
    loops: wholeNumber({min: 1, max: 100}).default(1).describe('processes of that other work for each processor'),
    workers: wholeNumber({min: 1, max: 99}).default(2).describe('how many workers'),
    edges: wholeNumber({min: 1, max: 99}).default(2).describe('how many edges'),
    stay: wholeNumber({max: 3_600_000}).default(1_000).describe('ms that a caller stays who hears the assistant'),
  }),
});
/** A caller who hears nothing hangs up after this long. */
const PATIENCE_MS = 45_000;
await using _others = makeBusy(busy, loops);
const before = await busyShare(2_000);
const began = performance.now();
await using fleet = await ProcessFleet.start({
  workers,
  edges,
  model: {MODEL_FIRST_DELTA_MS: '200', MODEL_CONNECT_MS: '100'},
});
const startedIn = performance.now() - began;
const load = busyShare((calls / rate) * 1_000);
const reports = await Promise.all(
  Array.from({length: calls}, async (_, index) => {
    await sleep((index * 1_000) / rate);
    return await dial();
  }),
);

async function dial(): Promise<CallReport> {
  const call = fleet.twilio.dial([], {keepAudio: false});
  const giveUp = setTimeout(() => call.hangUp(), PATIENCE_MS);
  let leaves: NodeJS.Timeout | undefined;
  call.on(({type}) => {
    if (type === 'audible') leaves ??= setTimeout(() => call.hangUp(), stay);
  });
  const report = await call.ended;
  clearTimeout(giveUp);
  clearTimeout(leaves);
  return report;
}

const connectedAt = ({documents}: CallReport) => documents.find(({verbs}) => verbs.includes('Connect'))?.at;
const wasHeld = ({documents}: CallReport) => documents.some(({verbs}) => verbs.includes('Pause'));
const refused = reports.filter(report => connectedAt(report) === undefined);
const dropped = reports.filter(
  report => connectedAt(report) !== undefined && (report.endedBy !== 'caller' || report.firstAudioMs === undefined),
);
const connecting = reports.flatMap(report => {
  const at = connectedAt(report);
  return at === undefined ? [] : [at - report.startedAt];
});
const audio = reports.flatMap(({firstAudioMs}) => (firstAudioMs === undefined ? [] : [firstAudioMs]));
const shown = (all: readonly number[]) => {
  const {p50, p95, p99} = percentiles([...all]);
  return [p50, p95, p99, Math.max(...all)].map(value => Math.round(value)).join(' / ');
};
const percent = (share: number) => `${Math.round(share * 100)} %`;

console.log(
  `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
);
console.log(
  `${calls} callers at ${rate} a second, ${workers} workers and ${edges} edges beside ${loops} loops a processor started within ${(startedIn / 1_000).toFixed(1)} s; before the first call the machine was ${percent(before)} busy, with the calls it was ${percent(await load)}`,
);
console.log(
  '| refused | accepted and dropped | held | answered with a stream, ms (p50 / p95 / p99 / max) | stream to first audio, ms |',
);
console.log('| --: | --: | --: | --- | --- |');
console.log(
  `| ${refused.length} | ${dropped.length} | ${reports.filter(wasHeld).length} | ${shown(connecting)} | ${shown(audio)} |`,
);
for (const report of [...refused, ...dropped]) {
  const verbs = report.documents.map(document => document.verbs.join('+')).join(', ');
  console.log(`  ${report.callSid}: ended by ${report.endedBy} (${report.reason}); was told ${verbs}`);
}
process.exitCode = refused.length + dropped.length > 0 ? 1 : 0;
