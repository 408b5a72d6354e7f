/**
 * What the members of a fleet cost Redis: its processor time with the same calls and more and more processes.
 *
 *   npm run bench members -- --members 3,10,30,100 --calls 10 --seconds 10
 */
import {randomBytes} from 'node:crypto';
import {loadavg} from 'node:os';
import {setTimeout as sleep} from 'node:timers/promises';
import {openRedisMediaBus} from '@voicebridge/shared/bus/redis-media-bus.ts';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {MemberCache} from '@voicebridge/shared/fleet/member-cache.ts';
import {RedisFleet} from '@voicebridge/shared/fleet/redis-fleet.ts';
import {registerMember} from '@voicebridge/shared/fleet/registration.ts';
import {startHeartbeat} from '@voicebridge/shared/liveness/heartbeat.ts';
import {monitorPeers} from '@voicebridge/shared/liveness/peer-monitor.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {fleetPresence, mediaDown, mediaUp} from '@voicebridge/shared/redis/keys.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {systemClock as clock} from '@voicebridge/shared/time.ts';
import {z} from 'zod';
import {findRedisBinary, startRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {freePort} from '../../tools/local-stack/processes.ts';
import {costOf, machineName} from '../load/process-cost.ts';

const values = commandLine({
  command: 'npm run bench members --',
  about: 'What the members of a fleet cost Redis.',
  options: z.object({
    members: z.string().default('3,10,30,100').describe('how many processes, with commas between'),
    calls: wholeNumber({min: 1, max: 1_000}).default(10).describe('how many calls, spread over all of them'),
    seconds: wholeNumber({min: 1, max: 3_600}).default(10).describe('how long each is measured'),
  }),
});
const SETTLE_MS = 4_000;
const FRAME_MS = 20;
const FRAME = Buffer.alloc(230, 'a');
const key = new FleetKey([], () => clock.wall());
const log = createLog('bench', {level: 'silent'});

console.log(
  `${machineName()}, load average ${loadavg()[0]?.toFixed(1)}, ${values.calls} calls, ${values.seconds} s each`,
);
console.log(
  '\n| processes | Redis without calls, ms a second | with calls | a call | commands a second without calls | with calls |',
);
console.log('| --: | --: | --: | --: | --: | --: |');
for (const count of values.members.split(',').map(Number)) await measure(count);
process.exit(0);

async function measure(count: number): Promise<void> {
  const binary = await findRedisBinary();
  if (!binary) throw new Error('this needs a redis-server or valkey-server 7 on the PATH');
  const redis = await startRedisBinary(binary, {port: await freePort()});
  const url = `redis://127.0.0.1:${redis.port}`;
  const workers = await Promise.all(Array.from({length: Math.ceil(count / 2)}, () => startWorkerOf(url)));
  const edges = await Promise.all(Array.from({length: Math.floor(count / 2)}, () => startEdgeOf(url)));
  const idle = await workOf(redis.pid, url);
  for (let call = 0; call < values.calls; call += 1) {
    await serve(edges[call % edges.length]!, workers[call % workers.length]!);
  }
  const busy = await workOf(redis.pid, url);
  const perCall = (busy.ms - idle.ms) / values.calls;
  const [ms, commands] = [(each: Work) => each.ms.toFixed(1), (each: Work) => Math.round(each.commands)];
  console.log(
    `| ${count} | ${ms(idle)} | ${ms(busy)} | ${perCall.toFixed(2)} | ${commands(idle)} | ${commands(busy)} |`,
  );
  // Its members end with it: they would only try to reach it again.
  process.kill(redis.pid, 'SIGKILL');
  await redis.exited;
}

/** What Redis does in a second: its processor time in ms, and commands, which other work on the machine cannot change. */
interface Work {
  readonly ms: number;
  readonly commands: number;
}

async function workOf(pid: number, url: string): Promise<Work> {
  await sleep(SETTLE_MS);
  const redis = openRedis(url, 'commands', log);
  const commands = async () => Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1]);
  const [before, done, from] = [await costOf([pid]), await commands(), performance.now()];
  await sleep(values.seconds * 1_000);
  const [after, passed, more] = [await costOf([pid]), performance.now() - from, (await commands()) - done];
  redis.disconnect();
  return {ms: ((after.cpuMs - before.cpuMs) * 1_000) / passed, commands: (more * 1_000) / passed};
}

/** What each process of a kind keeps up with Redis, by the code that it runs. */
async function connect(url: string, kind: 'worker' | 'edge') {
  const id = ProcessId.parse(`${kind}-${randomBytes(6).toString('hex')}`);
  const redis = openRedis(url, 'commands', log);
  const bus = await openRedisMediaBus(url, {clock, log, followers: [redis]});
  const load = {calls: 0};
  const fleet = new RedisFleet(redis, key);
  const name = `${kind}s` as const;
  const facts = {capacity: 100, state: 'ready', lagMs: 0, startedAt: clock.wall()} as const;
  await registerMember({fleet, name, clock, log, member: () => ({id, calls: load.calls, ...facts})});
  return {id, bus, fleet, load};
}

async function startWorkerOf(url: string) {
  const {id, bus, load} = await connect(url, 'worker');
  await startHeartbeat({bus, clock, beat: () => ({id, calls: load.calls, state: 'ready'})});
  return {id, bus, load};
}

async function startEdgeOf(url: string) {
  const {id, bus, fleet, load} = await connect(url, 'edge');
  await bus.holdPresence(fleetPresence('edges', id));
  const peers = monitorPeers({bus, clock, metrics: createMetrics('bench'), log});
  return {bus, load, peers, members: new MemberCache(fleet, 'workers', clock)};
}

/** One call: the edge depends on the worker, and frames go both ways. */
async function serve(edge: Awaited<ReturnType<typeof startEdgeOf>>, worker: Awaited<ReturnType<typeof startWorkerOf>>) {
  const stream = StreamSid.parse(`MZ${randomBytes(16).toString('hex')}`);
  edge.load.calls += 1;
  worker.load.calls += 1;
  edge.members.keepFresh(true);
  edge.peers.onDead(worker.id, () => {});
  await worker.bus.subscribe(mediaUp(stream), () => {});
  await edge.bus.subscribe(mediaDown(stream), () => {});
  const outlets = [edge.bus.outlet(mediaUp(stream), () => {}), worker.bus.outlet(mediaDown(stream), () => {})];
  await sleep(Math.random() * FRAME_MS);
  setInterval(() => {
    for (const outlet of outlets) outlet.send(FRAME, 0, 'soon');
  }, FRAME_MS);
}
