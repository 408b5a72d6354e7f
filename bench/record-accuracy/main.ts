/**
 * Are the figures in the database right? Calls with a network that delays and jitters, interruptions, noises, keys,
 * goodbyes and failovers; afterwards each figure of analytics is compared with the evidence of the simulated phones and
 * the simulated model.
 *
 *   npm run bench record-accuracy -- --calls 200 --at-once 25
 *   npm run bench record-accuracy -- --kill-records --calls 50     what callers notice while no record can be written
 */
import {cpus, loadavg, totalmem} from 'node:os';
import {setTimeout as sleep} from 'node:timers/promises';
import {commandLine, toggle} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import {compareCall, type Pair} from './compare.ts';
import type {Records} from './records.ts';
import {runCalls} from './run-calls.ts';
import {isTrouble, TROUBLES} from './faults.ts';
import {type CountRow, countRows, latencyRows, printSideBySide, printTable} from './table.ts';

const values = commandLine({
  command: 'npm run bench record-accuracy --',
  about: 'Whether the records say what happened in the calls.',
  options: z.object({
    calls: wholeNumber({min: 1, max: 100_000}).default(200).describe('how many calls'),
    'at-once': wholeNumber({min: 1, max: 10_000}).default(25).describe('how many at a time'),
    delay: wholeNumber({max: 10_000}).default(40).describe('ms of the network, one way'),
    jitter: wholeNumber({max: 10_000}).default(5).describe('ms around that'),
    trouble: z
      .string()
      .optional()
      .refine(
        text => text === undefined || text.split(',').every(isTrouble),
        `must be of ${TROUBLES.join(', ')}, with commas between`,
      )
      .describe(`what goes wrong, wave by wave: ${TROUBLES.join(', ')}`),
    rotate: wholeNumber({min: 1, max: 86_400})
      .optional()
      .describe('seconds after which a session of the model is replaced'),
    worst: wholeNumber({max: 1_000}).default(3).describe('how many of the worst calls are shown'),
    'kill-records': toggle().describe('kills analytics, too'),
  }),
});
const {calls, delay, jitter, 'at-once': atOnce} = values;
const network = {delay, jitter};
const usual = values['kill-records'] ? 'none' : 'none,worker,edge,model';
const troubles = (values.trouble ?? usual).split(',').filter(isTrouble);
const waves = Array.from({length: Math.ceil(calls / atOnce)}, (_, wave) => ({
  calls: Math.min(atOnce, calls - wave * atOnce),
  trouble: troubles[wave % troubles.length] ?? 'none',
}));

const load = () =>
  loadavg()
    .map(each => each.toFixed(1))
    .join(' / ');
console.log(
  `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
);
console.log(
  `${calls} calls, ${atOnce} at once; network ${network.delay} ± ${network.jitter} ms one way; load before ${load()}`,
);
const say = (line: string) => void process.stderr.write(`${line}\n`);
if (values['kill-records']) await compareRuns();
else await compareWithTruth();

async function compareWithTruth(): Promise<void> {
  const {pairs, counts} = await run();
  const rows = latencyRows(pairs);
  console.log(printTable(rows, counts));
  for (const {metric} of rows) {
    const worst = pairs
      .filter(each => each.metric === metric)
      .toSorted((a, b) => sizeOf(b) - sizeOf(a))
      .slice(0, values.worst);
    for (const {recorded, truth, note, callSid} of worst)
      console.log(`${metric}: recorded ${recorded.toFixed(1)}, truth ${truth.toFixed(1)} (${note}, ${callSid})`);
  }
  tellWrong(counts);
  const isGood = rows.every(({ok}) => ok !== false) && counts.every(({wrong}) => wrong.length === 0);
  process.exitCode = isGood ? 0 : 1;
}

/** The same calls twice: undisturbed, and while analytics and its queue's Redis are killed again and again. */
async function compareRuns(): Promise<void> {
  const peace = await run();
  const kills = await run(killRecords);
  console.log(printSideBySide(peace.pairs, kills.pairs));
  tellWrong(kills.counts);
  process.exitCode = kills.counts.every(({wrong}) => wrong.length === 0) ? 0 : 1;
}

async function killRecords(records: Records): Promise<void> {
  await sleep(4_000);
  await records.restart();
  await sleep(2_000);
  await records.restartQueue(2_000);
  await sleep(2_000);
  await records.restart();
}

async function run(beside?: (records: Records) => Promise<void>) {
  const {calls: measured, phoneLagMs} = await runCalls({
    waves,
    network,
    say,
    rotateSeconds: values.rotate,
    ...(beside ? {beside} : {}),
  });
  console.log(`load after ${load()}; simulated phones were late by ${phoneLagMs.toFixed(1)} ms (p99)\n`);
  const compared = measured.map(call => compareCall(call, network.delay));
  return {pairs: compared.flatMap(each => each.pairs), counts: countRows(compared.flatMap(each => each.counts))};
}

function tellWrong(counts: readonly CountRow[]): void {
  for (const {wrong} of counts)
    for (const {what, recorded, truth, callSid, kind} of wrong.slice(0, 8))
      console.log(`${what}: recorded ${recorded}, truth ${truth} (${kind}, ${callSid})`);
}

function sizeOf({recorded, truth}: Pair): number {
  return Number.isNaN(recorded) ? Number.POSITIVE_INFINITY : Math.abs(recorded - truth);
}
