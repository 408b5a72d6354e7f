/**
 * What a fleet asks of Redis: messages, bytes and connections, counted by Redis itself, beside what the rule of
 * docs/SCALING.md says. Exit code 1 if messages or bytes differ by more than `MAY_DIFFER`, or the others are above it.
 *
 *   npm run bench scaling
 *   npm run bench scaling -- --cluster        # three masters
 *   npm run bench scaling -- --tables         # the tables of docs/SCALING.md
 */
import {setTimeout as sleep} from 'node:timers/promises';
import {commandLine, toggle} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {Redis} from 'ioredis';
import {z} from 'zod';
import {Crowd} from '../../scripts/chaos/callers.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {findRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {RedisCluster} from '../../tools/local-stack/redis/redis-cluster.ts';
import {machineName} from '../load/process-cost.ts';
import {trafficOf} from './redis-traffic.ts';
import {demandOf, type Demand, type Fleet} from './rule.ts';
import {tables} from './tables.ts';

/** Edges, workers, and the calls that are counted one after the other. */
const SCENES = [
  {edges: 1, workers: 1, calls: [0, 2, 5, 10]},
  {edges: 2, workers: 3, calls: [0, 6, 12]},
] as const;
const MAY_DIFFER = 0.15;
/** Streams are open, greetings are over; and after calls, processes are idle again. */
const SETTLE_MS = 12_000;

const options = commandLine({
  command: 'npm run bench scaling --',
  about: 'Messages, bytes and connections of a fleet, counted by Redis, beside what docs/SCALING.md says.',
  options: z.object({
    seconds: wholeNumber({min: 1, max: 3_600}).default(20).describe('how long each number of calls is counted'),
    cluster: toggle().describe('a Redis Cluster of three masters instead of one Redis'),
    tables: toggle().describe('prints the tables of docs/SCALING.md and measures nothing'),
  }),
});
if (options.tables) {
  console.log(tables());
  process.exit(0);
}

const random = seededRandom(1);
let worst = 0;
console.log(`${machineName()}\n`);
console.log(
  '| shards | edges | workers | calls | messages/s | rule | KB/s in | rule | connections | rule | beats heard/s | rule | µs of Redis/s |',
);
console.log(`|${' --: |'.repeat(13)}`);
for (const {edges, workers, calls} of SCENES) {
  await using stack = new AsyncDisposableStack();
  const binary = options.cluster ? await findRedisBinary() : undefined;
  const cluster = binary && stack.use(await RedisCluster.start(binary, {replicas: 0}));
  const fleet = stack.use(
    await ProcessFleet.start({
      edges,
      workers,
      env: {LOG_LEVEL: 'warn'},
      model: {MODEL_FIRST_DELTA_MS: '300'},
      ...(cluster ? {redisUrl: cluster.url} : {}),
    }),
  );
  const ports = cluster ? cluster.nodes.map(({port}) => port) : [Number(new URL(fleet.redisUrl).port)];
  const watchers = ports.map(port => new Redis(port, '127.0.0.1'));
  stack.defer(() => watchers.forEach(watcher => watcher.disconnect()));
  for (const count of calls) {
    // They stay until they are told to go.
    const crowd = new Crowd(fleet.twilio, {calls: count, stayMs: [3_600_000, 3_600_000], total: count}, random.next);
    await sleep(SETTLE_MS);
    const [before, from] = [await trafficOf(watchers), performance.now()];
    await sleep(options.seconds * 1_000);
    const [after, passed] = [await trafficOf(watchers), (performance.now() - from) / 1_000];
    if (count > 0) await crowd.goHome();
    const published = (of: typeof after) => of.commands['spublish'] ?? 0;
    compare(
      {calls: count, edges, workers, webhooks: 1, shards: ports.length},
      {
        published: (published(after) - published(before)) / passed,
        bytes: (after.bytesIn - before.bytesIn) / passed,
        connections: after.connections,
        // A worker on which nobody depends sends a tenth of its heartbeats.
        beatsHeard: count === 0 ? 0 : after.listeners * 20,
      },
      (after.busyUs - before.busyUs) / passed,
    );
  }
}
console.log(`\nat most ${Math.round(worst * 100)} % off`);
process.exit(worst > MAY_DIFFER ? 1 : 0);

type Counted = Pick<Demand, 'published' | 'bytes' | 'connections' | 'beatsHeard'>;

function compare(fleet: Fleet, counted: Counted, busyUs: number): void {
  const rule = demandOf(fleet);
  const {shards, edges, workers, calls} = fleet;
  const off = (name: keyof Counted) => (counted[name] - rule[name]) / Math.max(1, rule[name]);
  // Without a call the rest, which no rule tells, is most of the bytes.
  worst = Math.max(worst, Math.abs(off('published')), calls > 0 ? Math.abs(off('bytes')) : 0);
  worst = Math.max(worst, off('connections'), off('beatsHeard'));
  const both = (name: keyof Counted, divisor = 1) =>
    [counted[name], rule[name]].map(value => (value / divisor).toFixed(0));
  const cells = [both('published'), both('bytes', 1_000), both('connections'), both('beatsHeard')].flat();
  console.log(`| ${[shards, edges, workers, calls, ...cells, busyUs.toFixed(0)].join(' | ')} |`);
}
