/** `npm run soak`: callers come and go while nothing fails; at the end everything must be where it was. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {ENDED_CALL_TTL_S} from '@voicebridge/shared/redis/keys.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {machineName} from '../../bench/load/process-cost.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {Crowd} from '../chaos/callers.ts';
import {settle} from '../chaos/run-evidence.ts';
import {INSPECTABLE} from './inspector.ts';
import {SOAK} from './options.ts';
import {Sampler, type Sample} from './sample.ts';
import {tableOf, whatGrew} from './verdict.ts';

/** Code is compiled, caches and pools of connections are filled. */
const WARM_UP: Millis = 60_000;
/** After the last call: streams that might come back are given up, connections that idle are closed. */
const QUIET: Millis = 40_000;
const SAMPLE_EVERY: Millis = 30_000;

const {minutes, calls, stay: stayMs, seed} = commandLine(SOAK);
const numbers = seededRandom(seed);
const random = () => numbers.between(0, 1);
const folder = await mkdtemp(join(tmpdir(), 'voicebridge-soak-'));
const say = (line: string) => console.log(line);

let grown: readonly string[];
{
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, {recursive: true, force: true}));
  const fleet = stack.use(
    await ProcessFleet.start({
      edges: 2,
      workers: 2,
      analytics: {dataDir: folder},
      node: INSPECTABLE,
      model: {MODEL_FIRST_DELTA_MS: '150-400', MODEL_SEED: String(seed)},
      // A machine without processor time makes the model late; this is about what grows.
      env: {LOG_LEVEL: 'warn', ANSWER_WITHIN_SECONDS: '20'},
      twilio: {seed},
    }),
  );
  const redis = openRedis(fleet.redisUrl, 'commands', createLog('soak', {level: 'silent'}));
  stack.defer(() => redis.disconnect());
  const sampler = stack.use(await Sampler.of(fleet, redis));
  const endedAt = new Map<string, Millis>();
  const reports: CallReport[] = [];

  /** Callers come and go for this long; then all hang up, and everything that belonged to them may be released. */
  async function talk(duration: Millis, meanwhile: (at: Millis) => Promise<void>): Promise<readonly CallReport[]> {
    const until = performance.now() + duration;
    const crowd = new Crowd(fleet.twilio, {calls, stayMs, total: Infinity}, random, ({callSid}) =>
      endedAt.set(callSid, performance.now()),
    );
    while (performance.now() < until) {
      await sleep(Math.min(SAMPLE_EVERY, Math.max(0, until - performance.now())));
      await meanwhile(performance.now());
    }
    const ended = await crowd.goHome();
    reports.push(...ended);
    await settle(fleet, reports);
    await sleep(QUIET);
    return ended;
  }

  say(`soak: ${calls} callers at a time for ${minutes} minutes, seed ${seed}; ${machineName()}`);
  await talk(WARM_UP, () => Promise.resolve());
  const before = await sampler.take(performance.now());
  const during: Sample[] = [];
  const ended = await talk(minutes * 60_000, async at => {
    const sample = await sampler.take(at);
    during.push(sample);
    const heaps = sample.processes.map(({name, heap, buffers}) => `${name} ${((heap + buffers) / 2 ** 20).toFixed(1)}`);
    say(`${((at - before.at) / 60_000).toFixed(1).padStart(6)} min  MB: ${heaps.join(', ')}; ${sample.redisKeys} keys`);
  });
  const keys = await sampler.keysOfCalls();
  const after = await sampler.take(performance.now());
  const left = keys.map(each => ({...each, endedAt: endedAt.get(/\{(.*)\}/.exec(each.key)?.[1] ?? '')}));
  const soak = {calls: ended.length, before, during, after, left, keysLiveFor: ENDED_CALL_TTL_S};
  const {records, open, channels, keys: lasting, held} = await settle(fleet, reports);
  say(`\n${ended.length} calls, and ${reports.length - ended.length} of the warm-up; ${records.length} records`);
  say(`\n${tableOf(soak)}`);
  const endReasons = new Map(records.map(({callSid, endReason}) => [callSid, endReason]));
  const ours = new Set(reports.flatMap(({callSid, endedBy}) => (endedBy === 'caller' ? [] : [callSid])));
  for (const {name, lines} of [fleet.webhook, ...fleet.edges, ...fleet.workers])
    for (const {json, text} of lines) if (ours.has(String(json?.['callSid']))) say(`${name}: ${text}`);
  const ages = left.map(({endedAt: end}) => (after.at - (end ?? 0)) / 1_000);
  say(
    `\n${left.length} keys of calls are left; the oldest is of a call that ended ${Math.round(Math.max(0, ...ages))} s ago`,
  );
  grown = [
    ...whatGrew(soak),
    ...(records.length === reports.length ? [] : [`${reports.length} calls have ${records.length} records`]),
    ...reports.flatMap(({callSid, endedBy}) =>
      endedBy === 'caller' ? [] : [`${callSid} was ended by the ${endedBy}: ${endReasons.get(callSid) ?? 'no record'}`],
    ),
    ...[...open, ...channels, ...lasting, ...held].map(each => `left behind: ${each}`),
  ];
}
for (const line of grown) say(`grew: ${line}`);
say(
  grown.length === 0 ? 'everything is where it was' : `${grown.length} things are not where they were (seed ${seed})`,
);
process.exit(grown.length === 0 ? 0 : 1);
