/** `npm run chaos`: callers talk while processes die; at the end all invariants are checked. */
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {monitorEventLoopDelay} from 'node:perf_hooks';
import {setTimeout as sleep} from 'node:timers/promises';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {ProcessFleet, redisForgets} from '../../tools/harness/process-fleet.ts';
import {saidByAll} from '../../tools/local-stack/processes.ts';
import {Crowd} from './callers.ts';
import {nextDeath} from './faults.ts';
import {brokenInvariants} from './invariants.ts';
import {CHAOS} from './options.ts';
import {gatherEvidence, type RunEvidence} from './run-evidence.ts';

/** Where the log of a run that broke something is kept. */
const LOGS = '.voicebridge/chaos';
/** Telephones that are so late (p99, in ms) are no telephones any more. */
const TOO_LATE_MS = 100;

const args = process.argv.slice(2);
const {seconds, calls, seed, stay: stayMs, total = Infinity} = commandLine(CHAOS);
const numbers = seededRandom(seed);
const random = () => numbers.between(0, 1);
const folder = await mkdtemp(join(tmpdir(), 'voicebridge-chaos-'));
const lasting = process.stdout.isTTY;
const say = (line: string) => process.stdout.write(lasting ? `\r\u001B[2K${line}\n` : `${line}\n`);
const show = (line: string) => (lasting ? process.stdout.write(`\r\u001B[2K${line}`) : undefined);

say(
  `chaos: ${calls} callers for ${seconds} s, seed ${seed} (npm run chaos${args.length > 0 ? ` -- ${args.join(' ')}` : ''})`,
);
const forgets = await redisForgets();
if (forgets !== undefined) say(`kill -9 redis: skipped, ${forgets}`);
let broken: string[];
let log = '';
const late = monitorEventLoopDelay({resolution: 10});
{
  await using fleet = await ProcessFleet.start({
    edges: 2,
    workers: 3,
    redisDir: folder,
    analytics: {dataDir: join(folder, 'analytics')},
    model: {MODEL_TAGGED: 'on', MODEL_FIRST_DELTA_MS: '150-400', MODEL_CONNECT_MS: '50', MODEL_SEED: String(seed)},
    env: {DRAIN_SECONDS: '15', LOG_LEVEL: 'info'},
    twilio: {seed},
  });
  const crowd = new Crowd(fleet.twilio, {calls, stayMs, total}, random);
  const began = performance.now();
  const left = () => seconds - (performance.now() - began) / 1_000;
  const ticker = setInterval(
    () => show(`${left().toFixed(0)} s left, ${crowd.talking} talking, ${crowd.reports.length} done`),
    500,
  );
  const deaths: string[] = [];
  late.enable();
  await sleep(3_000);
  while (left() > 3 && !crowd.complete) {
    const death = nextDeath(random, {redisKeeps: forgets === undefined});
    deaths.push(death.name);
    say(`${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s  ${death.name}`);
    await death.strike(fleet, random);
    await sleep(500 + random() * 2_500);
  }
  if (!crowd.complete) await sleep(Math.max(0, left() * 1_000));
  clearInterval(ticker);
  const reports = await crowd.goHome();
  late.disable();
  say(`${reports.length} calls, ${deaths.length} deaths; waiting for the last records`);
  const evidence = await gatherEvidence(fleet, reports);
  say(summary(evidence));
  broken = brokenInvariants(evidence);
  if (broken.length > 0) log = saidByAll().join('\n');
}
await rm(folder, {recursive: true, force: true});
for (const line of broken) console.log(`broken: ${line}`);
if (broken.length > 0) await explain();
console.log(broken.length === 0 ? 'every invariant holds' : `${broken.length} invariants are broken (seed ${seed})`);
process.exit(broken.length === 0 ? 0 : 1);

/** How much was checked. */
function summary({reports, audioEvidence, records}: RunEvidence): string {
  const frames = audioEvidence.flatMap(({stretches}) => stretches.map(({from, to}) => to - from));
  const streams = reports.flatMap(report => report.streams);
  const seconds = streams.reduce((sum, stream) => sum + stream.playedBytes / 8_000, 0);
  const heard = frames.reduce((sum, count) => sum + count, 0);
  const lost = streams.length - reports.length;
  return [
    `${heard} caller frames heard by ${audioEvidence.length} model sessions`,
    `${Math.round(seconds)} s of the assistant heard`,
    `${lost} streams opened again`,
    `${records.filter(({epoch}) => epoch > 1).length} of ${records.length} records tell of another owner or stream`,
  ].join(', ');
}

/** What helps to find out why something broke. */
async function explain(): Promise<void> {
  await mkdir(LOGS, {recursive: true});
  const file = join(LOGS, `seed-${seed}.log`);
  await writeFile(file, `${log}\n`);
  console.log(`What all processes said is in ${file}.`);
  const lateMs = Math.round(late.percentile(99) / 1e6);
  if (lateMs < TOO_LATE_MS) return;
  console.log(
    `This machine was too busy: the simulated telephones were ${lateMs} ms late (p99). Try fewer callers (--calls).`,
  );
}
