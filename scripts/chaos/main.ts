/** `npm run chaos`: callers talk while processes die; at the end all invariants are checked. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {ProcessFleet, redisForgets} from '../../tools/harness/process-fleet.ts';
import {Crowd} from './callers.ts';
import {nextDeath} from './faults.ts';
import {brokenInvariants} from './invariants.ts';
import {CHAOS} from './options.ts';
import {gatherEvidence, type RunEvidence} from './run-evidence.ts';

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
{
  await using fleet = await ProcessFleet.start({
    edges: 2,
    workers: 3,
    redisDir: folder,
    analytics: {dataDir: join(folder, 'analytics')},
    model: {MODEL_TAGGED: 'on', MODEL_FIRST_DELTA_MS: '150-400', MODEL_CONNECT_MS: '50', MODEL_SEED: String(seed)},
    env: {DRAIN_SECONDS: '15', LOG_LEVEL: 'warn'},
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
  say(`${reports.length} calls, ${deaths.length} deaths; waiting for the last records`);
  const evidence = await gatherEvidence(fleet, reports);
  say(summary(evidence));
  broken = brokenInvariants(evidence);
}
await rm(folder, {recursive: true, force: true});
for (const line of broken) console.log(`broken: ${line}`);
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
