import {afterAll, beforeAll, describe, expect, inject, test} from 'vitest';
import {RedisCallDirectory} from '@voicebridge/shared/call-directory/redis-call-directory.ts';
import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {RedisFleet} from '@voicebridge/shared/fleet/redis-fleet.ts';
import type {MediaBus} from '@voicebridge/shared/bus/media-bus.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {openRedis, type RedisClient} from '@voicebridge/shared/redis/connect.ts';
import {openRedisMediaBus} from '@voicebridge/shared/bus/redis-media-bus.ts';
import {systemClock as clock} from '@voicebridge/shared/time.ts';
import {EdgeEnv} from './config.ts';
import {startMediaEdge, type MediaEdge} from './start-media-edge.ts';
import {ScriptedWorker} from './testing/scripted-worker.ts';
import {newCallSid, newTicket, payloadOf, PUBLIC_URL, TOKEN, TwilioClient} from './testing/twilio-client.ts';

const log = createLog('test', {level: 'silent'});

describe.each(inject('redisKinds'))('over $kind', ({url}) => {
  const stack = new AsyncDisposableStack();
  let redis: RedisClient;
  let bus: MediaBus;
  let edge: MediaEdge;
  let directory: RedisCallDirectory;

  beforeAll(async () => {
    redis = stack.adopt(openRedis(url, 'commands', log), client => client.disconnect());
    directory = new RedisCallDirectory(redis);
    bus = stack.use(await openRedisMediaBus(url, {clock, log}));
    const env = {PORT: '0', PUBLIC_EDGE_URL: PUBLIC_URL, TWILIO_AUTH_TOKEN: TOKEN, REDIS_URL: url};
    const deps = {bus, directory, fleet: new RedisFleet(redis), clock, log, random: Math.random};
    edge = stack.use(await startMediaEdge(loadConfig(EdgeEnv, env), deps));
  });
  afterAll(() => stack.disposeAsync());

  /** A worker with connections of its own, as a process has. */
  async function startWorker(): Promise<ScriptedWorker> {
    const bus = stack.use(await openRedisMediaBus(url, {clock, log}));
    return stack.use(await ScriptedWorker.start({bus, directory, fleet: new RedisFleet(redis), clock}));
  }

  async function call(worker: ScriptedWorker): Promise<TwilioClient> {
    const callSid = newCallSid();
    const ticket = newTicket();
    await worker.own(callSid, ticket);
    await directory.putTicket(ticket, {callSid, epoch: 1});
    const caller = await TwilioClient.signed(edge.port, ticket, callSid).open();
    caller.start();
    return caller;
  }

  async function until(isSo: () => boolean): Promise<void> {
    await expect.poll(isSo, {interval: 2, timeout: 30_000}).toBe(true);
  }

  test('a caller and a worker hear each other over Redis, completely and in order', async () => {
    const worker = await startWorker();
    const caller = await call(worker);
    const spoken = Array.from({length: 200}, () => caller.speak());
    await until(() => worker.audio().length === 200);
    expect(worker.audio()).toEqual(spoken);

    const said = Array.from({length: 200}, (_, frame) => payloadOf(frame));
    for (const payload of said) worker.say({kind: 'audio', payload, mark: ''});
    worker.say({kind: 'mark', name: 'end'});
    await until(() => caller.got.at(-1)?.mark?.name === 'end');
    expect(caller.heard()).toEqual(said);

    caller.stop();
    await until(() => worker.kinds().at(-1) === 'ended');
    expect(await caller.closed).toBe(1000);
    await worker[Symbol.asyncDispose]();
  });

  test('callers whose worker is killed are with another one, on the same sockets, and miss no word', async () => {
    const first = await startWorker();
    const callers: TwilioClient[] = [];
    for (let calls = 0; calls < 20; calls += 1) callers.push(await call(first));
    const bridged = () => callers.every(({streamSid}) => first.kinds(1, streamSid).includes('began'));
    await until(bridged);
    const second = await startWorker();
    // No worker is declared dead before Redis has answered for a second.
    await until(() => clock.now() - (bus.wellSince() ?? clock.now()) > 1_000);

    const talking = setInterval(() => callers.forEach(caller => caller.speak()), 20);
    await until(() => callers.every(({streamSid}) => first.audio(1, streamSid).length > 5));
    await first.kill();
    await until(() => callers.every(({streamSid}) => second.audio(2, streamSid).length > 0));
    clearInterval(talking);
    for (const {streamSid, socket} of callers) {
      expect(socket.readyState).toBe(socket.OPEN);
      const numbers = second.audio(2, streamSid).map(payload => Buffer.from(payload, 'base64').readUInt32BE());
      expect(numbers).toEqual(numbers.map((_, place) => numbers[0]! + place));
    }
    for (const caller of callers) caller.stop();
    await until(() => callers.every(({streamSid}) => second.kinds(2, streamSid).at(-1) === 'ended'));
  });

  test('a ticket opens only one of ten sockets that come at once', async () => {
    const worker = await startWorker();
    const callSid = newCallSid();
    const ticket = newTicket();
    await worker.own(callSid, ticket);
    await directory.putTicket(ticket, {callSid, epoch: 1});
    const rivals = Array.from({length: 10}, () => TwilioClient.signed(edge.port, ticket, callSid));
    const answers = await Promise.all(rivals.map(({answered}) => answered));
    expect(answers.toSorted((a, b) => a - b)).toEqual([101, ...Array.from({length: 9}, () => 410)]);
  });
});
