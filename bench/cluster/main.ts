/**
 * What callers notice when something happens to a Redis Cluster of three masters with a replica each, which carries their
 * frames. Real processes and servers; everything is judged by what phones played and what the model got.
 *
 *   npm run bench cluster -- --calls 100 --repetitions 20
 *   npm run bench cluster -- --calls 12 --repetitions 3 --only failover,kill --json cluster.json
 */
import {writeFile} from 'node:fs/promises';
import {setTimeout as sleep} from 'node:timers/promises';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {mediaUp} from '@voicebridge/shared/redis/keys.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {z} from 'zod';
import {callEvidence} from '../../tools/harness/call-evidence.ts';
import {findRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {RedisCluster} from '../../tools/local-stack/redis/redis-cluster.ts';
import {Load, talks} from '../failover/load.ts';
import {machineName} from '../load/process-cost.ts';
import {type Fault, FAULTS, type Hit} from './hits.ts';
import {tableOf, type Verdict, verdictOf} from './verdict.ts';

const names = Object.keys(FAULTS);
const values = commandLine({
  command: 'npm run bench cluster --',
  about: 'What callers notice of the faults of a Redis Cluster.',
  options: z.object({
    calls: wholeNumber({min: 1, max: 10_000}).default(100).describe('how many calls at a time'),
    repetitions: wholeNumber({min: 1, max: 1_000}).default(20).describe('how often each fault happens'),
    only: z
      .string()
      .default(names.join())
      .refine(text => text.split(',').every(name => name in FAULTS), `must be of ${names.join(', ')}`)
      .describe('which faults, with commas between'),
    'node-timeout': wholeNumber({min: 100, max: 60_000}).default(1_000).describe('ms until a silent node has failed'),
    json: z.string().optional().describe('a file for all figures'),
  }),
});
const QUIET: Millis = 6_000;
const BETWEEN: Millis = 3_000;
/** Callers do not take an outage for the end of a reply, and do not cut off what is still to come. */
const PATIENCE: Millis = 7_000;
/** What is interrupted by the first fault began before it. */
const MARGIN: Millis = 500;

const binary = await findRedisBinary();
if (!binary) throw new Error('this needs a redis-server or valkey-server 7 on the PATH');
console.log(
  `${machineName()}, ${new Date().toISOString().slice(0, 10)}, ${binary.command} ${binary.version}; ${values.calls} calls over 3 workers and 2 edges, node timeout ${values['node-timeout']} ms`,
);
const verdicts: Verdict[] = [];
for (const name of values.only.split(',')) {
  const fault = FAULTS[name];
  if (!fault) continue;
  const verdict = await suffer(name, fault);
  verdicts.push(verdict);
  console.log(`\n${name}: ${fault.about}\n${tableOf([verdict])}`);
}
console.log(`\n${tableOf(verdicts)}`);
if (values.json !== undefined) await writeFile(values.json, JSON.stringify(verdicts, undefined, 2));
process.exit(0);

/** All calls live through every repetition of one kind of fault. */
async function suffer(name: string, fault: Fault): Promise<Verdict> {
  await using cluster = await RedisCluster.start(binary!, {
    replicas: 1,
    nodeTimeout: values['node-timeout'],
    password: 'a-password',
  });
  // The assistant speaks in real time, so that whatever is late is a gap at the phone.
  const model = {MODEL_SPEED: '1', MODEL_DELTA_MS: '60'};
  await using load = await Load.start(values.calls, {redisUrl: cluster.url, model}, talks(PATIENCE));
  const from = performance.now();
  await sleep(QUIET);
  const quiet = {from, until: performance.now() - MARGIN};
  const hits: Hit[] = [];
  for (let turn = 0; turn < values.repetitions; turn += 1) {
    const done = await fault.strike(cluster, turn);
    hits.push(...done);
    const outages = done.map(({outage}) => `${Math.round(outage)} ms`).join(', ');
    process.stderr.write(`  ${name} ${turn + 1} of ${values.repetitions} (no writes for ${outages})\n`);
    await sleep(BETWEEN);
  }
  const evidence = await callEvidence(load.fleet, await load.hangUp());
  const slotOf = new Map<string, number>();
  for (const {streamSid} of evidence) {
    if (streamSid !== '') slotOf.set(streamSid, await cluster.slotOf(mediaUp(StreamSid.parse(streamSid))));
  }
  return verdictOf(name, evidence, hits, {quiet, slotOf});
}
