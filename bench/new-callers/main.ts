/**
 * How long do new callers wait while one shard of a Redis Cluster is away, master and replica, for three seconds? Callers
 * whose call or stream is on that shard wait for it. The others should not.
 *
 *   npm run bench new-callers -- [--calls 20] [--repetitions 3] [--workers 3]
 */
import {setTimeout as sleep} from 'node:timers/promises';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {CallSid, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {call as callKey, mediaUp} from '@voicebridge/shared/redis/keys.ts';
import {z} from 'zod';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {includesSlot} from '../../tools/local-stack/redis/cluster-topology.ts';
import {findRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {RedisCluster} from '../../tools/local-stack/redis/redis-cluster.ts';
import {FAULTS} from '../cluster/hits.ts';
import {spread} from '../failover/stats.ts';

const {calls, repetitions, workers} = commandLine({
  command: 'npm run bench new-callers --',
  about: 'How long new callers wait while a shard of a Redis Cluster is away.',
  options: z.object({
    calls: wholeNumber({min: 1, max: 1_000}).default(20).describe('how many callers dial while a shard is away'),
    repetitions: wholeNumber({min: 1, max: 100}).default(3).describe('how often, each shard in turn'),
    workers: wholeNumber({min: 1, max: 10}).default(3).describe('how many workers there are'),
  }),
});
/** Callers dial within the first part of an outage, so that each meets most of it. */
const DIAL_WITHIN = 1_200;

const binary = await findRedisBinary();
const {away} = FAULTS;
if (!binary || !away) throw new Error('this needs a redis-server or valkey-server 7 on the PATH');
await using cluster = await RedisCluster.start(binary, {replicas: 1, nodeTimeout: 1_000, password: 'a-password'});
const model = {MODEL_FIRST_DELTA_MS: '200', MODEL_CONNECT_MS: '100'};
await using fleet = await ProcessFleet.start({edges: 2, workers, redisUrl: cluster.url, model});
await sleep(3_000);

/** From dialling to the first sound, in milliseconds, and how many heard none. */
const [own, others]: [number[], number[]] = [[], []];
let unheard = 0;
for (let turn = 0; turn < repetitions; turn += 1) {
  const outage = away.strike(cluster, turn);
  const dialled = [];
  for (let n = 0; n < calls; n += 1) {
    dialled.push(fleet.twilio.dial([]));
    await sleep(DIAL_WITHIN / calls);
  }
  const [hit] = await outage;
  await sleep(4_000);
  for (const call of dialled) call.hangUp();
  const here: [number[], number[]] = [[], []];
  for (const {callSid, streams, webhooks, firstAudioMs} of await Promise.all(dialled.map(call => call.ended))) {
    const asked = webhooks.find(({purpose}) => purpose === 'voice');
    const [stream] = streams;
    if (!asked || !stream || firstAudioMs === undefined) {
      unheard += 1;
      continue;
    }
    const names = [callKey(CallSid.parse(callSid)), mediaUp(StreamSid.parse(stream.streamSid))];
    const slots = await Promise.all(names.map(name => cluster.slotOf(name)));
    const isOwn = slots.some(slot => includesSlot(hit?.slots ?? [], slot));
    here[isOwn ? 0 : 1].push(asked.ms + firstAudioMs);
  }
  own.push(...here[0]);
  others.push(...here[1]);
  console.log(`  ${turn + 1} of ${repetitions}: on the shard ${spread(here[0])}; on others ${spread(here[1])}`);
}
console.log('\nFrom dialling to the first sound, while one shard of three is away for 3 s:');
console.log(`  call and stream on other shards: ${spread(others)}`);
console.log(`  call or stream on that shard:    ${spread(own)}`);
console.log(`  callers who heard nothing:       ${unheard}`);
process.exit(0);
