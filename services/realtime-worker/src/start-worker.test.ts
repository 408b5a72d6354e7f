import type {AnalyticsQueue} from '@voicebridge/shared/cdr/analytics-queue.ts';
import {openWorkerClient, type WorkerClient} from '@voicebridge/shared/rpc/worker-client.ts';
import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {MemoryFleet} from '@voicebridge/shared/fleet/memory-fleet.ts';
import type {EdgeChannel} from '@voicebridge/shared/frame-channel/frame-channel.ts';
import {MemoryMediaBus} from '@voicebridge/shared/bus/memory-media-bus.ts';
import {reliableFrameChannels} from '@voicebridge/shared/frame-channel/reliable-frame-channel.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {WorkerToEdge} from '@voicebridge/shared/protocol/worker-to-edge.ts';
import {msOfBase64} from '@voicebridge/shared/protocol/audio.ts';
import {FakeClock, flushPromises} from '@voicebridge/shared/testing/fake-clock.ts';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {WorkerEnv} from './config.ts';
import {type RealtimeWorker, startWorker} from './start-worker.ts';
import type {OpenRecording} from './recording/recording.ts';
import {sound} from './testing/call.ts';
import {pcmTone} from './testing/pcm.ts';
import {MemoryRecording} from './testing/memory-recording.ts';
import {ScriptedModel} from './testing/scripted-model.ts';

const log = createLog('test', {level: 'silent'});
const edgeId = ProcessId.parse('edge-0000test');
const callSid = (n: number) => CallSid.parse(`CA${String(n).padStart(32, '0')}`);
const streamSid = (n: number) => StreamSid.parse(`MZ${String(n).padStart(32, '0')}`);

/** A town with no network: one bus, one directory, one fleet, and as many workers as a test starts. */
class Town implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly bus = new MemoryMediaBus(this.clock);
  readonly directory = new MemoryCallDirectory(this.clock);
  readonly fleet = new MemoryFleet(this.clock);
  model = new ScriptedModel();
  readonly records: CallFinished[] = [];
  readonly workers: RealtimeWorker[] = [];
  readonly channels = reliableFrameChannels(this.bus, this.clock);
  openRecording: OpenRecording | undefined;
  queueIsDown = false;
  workerClient!: WorkerClient;

  async worker(env: Record<string, string> = {}): Promise<RealtimeWorker> {
    this.workerClient ??= await openWorkerClient({bus: this.bus, clock: this.clock, id: edgeId, log});
    const queue: AnalyticsQueue = {
      send: async parts => {
        if (this.queueIsDown) throw new Error('the queue is away');
        this.records.push(...parts);
      },
      [Symbol.asyncDispose]: async () => {},
    };
    const config = loadConfig(WorkerEnv, {OPENAI_API_KEY: 'k', REDIS_URL: 'redis://x', PORT: '0', ...env});
    const {clock, bus, directory, fleet, model} = this;
    const deps = {bus, directory, fleet, queue, clock, log, random: () => 0, adapter: model};
    const {openRecording} = this;
    const starting = startWorker(config, {...deps, ...(openRecording ? {openRecording} : {})});
    await this.pass(20); // it asks itself first
    const worker = await starting;
    this.workers.push(worker);
    return worker;
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms, 5);
  }

  async take(worker: RealtimeWorker, n: number, more: object = {}) {
    const request = {
      type: 'take' as const,
      callSid: callSid(n),
      epoch: 0,
      assistant: 'default',
      facts: {},
      cause: 'new' as const,
    };
    const asked = this.workerClient.ask(worker.id, {...request, ...more}, 5_000);
    await this.pass(20);
    return await asked;
  }

  /** The caller's stream reaches an edge, which brings it to the worker. */
  async stream(worker: RealtimeWorker, n: number, epoch = 1): Promise<{edge: EdgeChannel; heard: WorkerToEdge[]}> {
    const attached = await this.directory.attach(callSid(n), {epoch, streamSid: streamSid(n), edge: edgeId});
    const edge = await this.channels.edgeEnd(streamSid(n), attached!.call.epoch);
    const heard: WorkerToEdge[] = [];
    edge.onFrame(frame => heard.push(frame));
    const request = {
      type: 'attach' as const,
      callSid: callSid(n),
      epoch: attached!.call.epoch,
      streamSid: streamSid(n),
      edge: edgeId,
    };
    const asked = this.workerClient.ask(worker.id, request, 5_000);
    edge.send({kind: 'began', callSid: callSid(n), streamSid: streamSid(n), edge: edgeId});
    await this.pass(50);
    if ((await asked).answer !== 'yes') throw new Error('the worker does not have the call');
    return {edge, heard};
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = Promise.all(this.workers.map(worker => worker[Symbol.asyncDispose]()));
    await this.pass(6_000);
    await all;
    this.channels[Symbol.dispose]();
  }
}

describe('a worker', () => {
  let town: Town;
  beforeEach(() => {
    town = new Town();
  });
  afterEach(() => town[Symbol.asyncDispose]());

  test('takes exactly as many calls as it has places, those being set up included', async () => {
    const worker = await town.worker({MAX_CALLS: '3'});
    const answers = await Promise.all([1, 2, 3, 4, 5].map(n => town.take(worker, n)));
    expect(answers.map(({answer}) => answer)).toEqual(['yes', 'yes', 'yes', 'full', 'full']);
    expect(worker.notReady()).toBe('every place is taken');
  });

  test('opens the model and asks for the greeting before the caller’s stream is there', async () => {
    const worker = await town.worker();
    await town.take(worker, 1);
    const [session] = town.model.sessions;
    expect(session?.commandsOf('respond').map(({tag}) => tag)).toEqual(['greeting-1']);
    expect(session?.settings.voice).toBe('alloy');
  });

  test('keeps a greeting that came early, and says it once the stream is there', async () => {
    const worker = await town.worker();
    await town.take(worker, 1);
    const [session] = town.model.sessions;
    session?.emit(
      {type: 'responseStarted', responseId: 'r1', tag: 'greeting-1'},
      {type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(200)},
    );
    const {heard} = await town.stream(worker, 1);
    const audio = heard.flatMap(frame => (frame.kind === 'audio' ? [frame.payload] : []));
    expect(audio.join('')).toEqual(sound(200));
  });

  test('whose model speaks PCM gives it the caller’s audio so, and the phone hears μ-law', async () => {
    town.model = new ScriptedModel({audio: {encoding: 'pcm16', rateHz: 24_000}});
    const worker = await town.worker();
    await town.take(worker, 1);
    const {edge, heard} = await town.stream(worker, 1);
    edge.send({kind: 'audio', timestamp: 0, payload: sound(20)});
    await town.pass(50);
    const [session] = town.model.sessions;
    expect(session?.commandsOf('hear').map(({payload}) => msOfBase64(payload) / 6)).toEqual([18]);
    session?.emit(
      {type: 'responseStarted', responseId: 'r1', tag: 'greeting-1'},
      {type: 'audio', responseId: 'r1', itemId: 'i1', payload: pcmTone(24_000, 200, 440)},
      {type: 'audioEnded', itemId: 'i1'},
    );
    await town.pass(50);
    const audio = heard.flatMap(frame => (frame.kind === 'audio' ? [msOfBase64(frame.payload)] : []));
    expect(audio.reduce((sum, ms) => sum + ms, 0)).toBe(200);
  });

  test('holds what the caller says until the session is configured, and then says it in order', async () => {
    town.model.readyAtOnce = false;
    const worker = await town.worker();
    await town.take(worker, 1);
    const {edge} = await town.stream(worker, 1);
    const said = Array.from({length: 10}, (_, n) => Buffer.alloc(160, n).toString('base64'));
    said.forEach((payload, n) => edge.send({kind: 'audio', timestamp: 100 + n * 20, payload}));
    await town.pass(50);
    const [session] = town.model.sessions;
    expect(session?.commandsOf('hear')).toEqual([]);
    session?.emit({type: 'ready'});
    expect(session?.commandsOf('hear').map(({payload}) => payload)).toEqual(said);
  });

  test('records both sides of a call where recordings are opened, and ends the recording with the call', async () => {
    const recording = new MemoryRecording();
    town.openRecording = () => recording;
    const worker = await town.worker();
    await town.take(worker, 1);
    const {edge} = await town.stream(worker, 1);
    const said = Buffer.alloc(160, 0x20).toString('base64');
    for (let n = 0; n < 10; n += 1) edge.send({kind: 'audio', timestamp: n * 20, payload: said});
    town.model.sessions[0]?.emit(
      {type: 'responseStarted', responseId: 'r1', tag: 'greeting-1'},
      {type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(200)},
    );
    await town.pass(500);
    edge.send({kind: 'ended', why: 'hungUp'});
    await town.pass(1_000);
    expect(recording.caller.msOf(0x20)).toBeGreaterThan(0);
    expect(recording.assistant.msOf(0x10)).toBe(200);
    expect(recording.endedAt).toBeGreaterThan(500);
  });

  test('frees a place whose caller never comes after half a minute, and says so in the record', async () => {
    const worker = await town.worker({MAX_CALLS: '1'});
    await town.take(worker, 1);
    await town.pass(29_000);
    expect(worker.calls).toBe(1);
    await town.pass(2_000);
    expect(worker.calls).toBe(0);
    expect(town.model.sessions[0]?.closed).toBe(true);
    expect(town.records.map(({summary}) => summary.endReason)).toEqual(['platform.stream-never-came']);
  });

  test('lets go of everything within a second of a hang-up, and records the call once', async () => {
    const worker = await town.worker();
    await town.take(worker, 1);
    const {edge} = await town.stream(worker, 1);
    edge.send({kind: 'ended', why: 'hungUp'});
    await town.pass(1_000);
    expect(worker.calls).toBe(0);
    expect(town.model.sessions[0]?.closed).toBe(true);
    expect(town.records.map(({summary}) => [summary.endReason, summary.endedBy])).toEqual([
      ['caller.hung-up', 'caller'],
    ]);
    expect((await town.directory.read(callSid(1)))?.state).toBe('ended');
  });

  test('told by Twilio that the caller has hung up says so to the edge, which must not look for another owner', async () => {
    const worker = await town.worker();
    await town.take(worker, 1);
    const {heard} = await town.stream(worker, 1);
    const asked = town.workerClient.ask(worker.id, {type: 'end', callSid: callSid(1), why: 'caller.hung-up'});
    await town.pass(50);
    expect(await asked).toMatchObject({answer: 'yes'});
    expect(heard.at(-1)).toEqual({kind: 'close', why: 'done'});
    expect(town.records.map(({summary}) => summary.endReason)).toEqual(['caller.hung-up']);
  });

  test('asked twice for the same call says that it is taken, and opens one session', async () => {
    const worker = await town.worker();
    await town.take(worker, 1);
    expect(await town.take(worker, 1)).toMatchObject({answer: 'taken', epoch: 1});
    expect(town.model.sessions.filter(session => !session.closed)).toHaveLength(1);
  });

  test('asked again before it has answered gives one answer, one place and one session', async () => {
    const worker = await town.worker({MAX_CALLS: '1'});
    const claim = town.directory.claim.bind(town.directory);
    const busy = Promise.withResolvers<void>();
    town.directory.claim = async (...args) => {
      await busy.promise;
      return await claim(...args);
    };
    const asked = [town.take(worker, 1), town.take(worker, 1)];
    await town.pass(400);
    expect(worker.calls).toBe(1);
    expect(await town.take(worker, 2)).toMatchObject({answer: 'full'});
    busy.resolve();
    await town.pass(50);
    expect(await Promise.all(asked)).toMatchObject([
      {answer: 'yes', epoch: 1},
      {answer: 'yes', epoch: 1},
    ]);
    expect(worker.calls).toBe(1);
    expect(town.model.sessions).toHaveLength(1);
  });

  test('whose yes comes when the caller has another worker or is gone keeps neither a place nor a session', async () => {
    const worker = await town.worker({MAX_CALLS: '1'});
    const other = ProcessId.parse('worker-0000other');
    for (const ended of [false, true]) {
      const n = ended ? 2 : 1;
      await town.directory.claim(callSid(n), {epoch: 0, owner: other, at: 0});
      if (ended) await town.directory.end(callSid(n), 1);
      expect(await town.take(worker, n)).toMatchObject({answer: 'taken', epoch: 1});
      expect(worker.calls).toBe(0);
      expect(town.model.sessions.every(({closed}) => closed)).toBe(true);
    }
  });

  test('counts on nobody before it has answered itself as fast as callers need it', async () => {
    let slow = 3;
    const publish = town.bus.publish.bind(town.bus);
    town.bus.publish = async (channel, message) => {
      // A machine that is busy with something else: what comes in is read long after it came.
      if (channel.includes(':inbox') && slow-- > 0) return 1;
      return await publish(channel, message);
    };
    const starting = town.worker();
    await town.pass(800);
    expect(await town.fleet.members('workers')).toEqual([]);
    await town.pass(300);
    const worker = await starting;
    expect((await town.fleet.members('workers')).map(({id}) => id)).toEqual([worker.id]);
    expect([worker.calls, town.model.sessions.length]).toEqual([0, 0]);
    expect(await town.directory.open()).toEqual([]);
    expect(await town.take(worker, 1)).toMatchObject({answer: 'yes'});
  });

  test('that loses a call to another one lets go, and records nothing', async () => {
    const first = await town.worker();
    const second = await town.worker();
    await town.take(first, 1);
    await town.stream(first, 1);
    const stream = {streamSid: streamSid(1), edge: edgeId};
    expect(await town.take(second, 1, {epoch: 1, cause: 'worker-lost', stream})).toMatchObject({
      answer: 'yes',
      epoch: 2,
    });
    // The edge follows the newer owner, and its frames tell the older one.
    const edge = await town.channels.edgeEnd(streamSid(1), 2);
    edge.send({kind: 'began', callSid: callSid(1), streamSid: streamSid(1), edge: edgeId});
    await town.pass(500);
    expect([first.calls, second.calls]).toEqual([0, 1]);
    expect(town.records).toEqual([]);
    expect(town.model.sessions[0]?.closed).toBe(true);
  });

  test('that takes a call over knows what was said and does not greet again', async () => {
    const first = await town.worker();
    const second = await town.worker();
    await town.take(first, 1);
    await town.stream(first, 1);
    town.model.sessions[0]?.emit(
      {type: 'responseStarted', responseId: 'r1', tag: 'greeting-1'},
      {type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(500)},
      {type: 'words', responseId: 'r1', itemId: 'i1', text: 'Hello, how can I help?', whole: true},
      {type: 'audioEnded', itemId: 'i1'},
      {type: 'responseEnded', responseId: 'r1', status: 'completed', reason: undefined, tokens: undefined},
      {type: 'callerSpoke', itemId: 'u1', fromMs: 100},
      {type: 'callerStopped', itemId: 'u1', untilMs: 200},
      {type: 'turnCommitted', itemId: 'u1'},
      {type: 'callerWords', itemId: 'u1', text: 'When do you open?'},
    );
    await town.pass(100);
    await town.take(second, 1, {epoch: 1, cause: 'worker-lost', stream: {streamSid: streamSid(1), edge: edgeId}});
    const session = town.model.sessions.at(-1);
    expect(session?.commandsOf('add').map(({item}) => ('text' in item ? item.text : item.kind))).toEqual([
      'Hello, how can I help?',
      'When do you open?',
    ]);
    // The caller had asked and was not answered.
    expect(session?.commandsOf('respond').map(({tag}) => tag)).toEqual(['recovery-1']);
  });

  test('hands its calls over when it is told to stop, to a session that is ready first', async () => {
    const first = await town.worker();
    await town.take(first, 1);
    await town.stream(first, 1);
    town.model.sessions[0]?.emit(
      {type: 'responseStarted', responseId: 'r1', tag: 'greeting-1'},
      {type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(20)},
      {type: 'audioEnded', itemId: 'i1'},
      {type: 'responseEnded', responseId: 'r1', status: 'completed', reason: undefined, tokens: undefined},
    );
    await town.pass(2_500); // until it was heard
    const second = await town.worker();
    town.model.readyAtOnce = false;
    const drained = first.drain();
    await town.pass(500);
    expect(first.calls).toBe(1); // the other session is not ready yet
    expect(await town.take(first, 2)).toMatchObject({answer: 'draining'});
    town.model.sessions.at(-1)?.emit({type: 'ready'});
    await town.pass(500);
    await drained;
    expect([first.calls, second.calls]).toEqual([0, 1]);
    expect((await town.directory.read(callSid(1)))?.owner).toBe(second.id);
    expect(town.records).toEqual([]);
  });

  test('finds a call whose owner died with its caller, and records it once', async () => {
    const worker = await town.worker();
    const other = await town.worker();
    const dead = ProcessId.parse('worker-00000000dead');
    const opened = {
      is: 'opened',
      wall: town.clock.wall(),
      callSid: callSid(7),
      direction: 'inbound',
      assistant: 'default',
      model: 'm',
      voice: 'v',
      admissionMs: null,
      traceparent: null,
      caller: {hash: null, lastTwo: null, number: null},
      callee: {hash: null, lastTwo: null, number: null},
    };
    await town.directory.claim(callSid(7), {epoch: 0, owner: dead, at: town.clock.wall()});
    await town.directory.append(callSid(7), 1, [JSON.stringify(opened)]);
    await town.pass(30_000);
    expect(town.records.map(({summary}) => [summary.callSid, summary.endReason])).toEqual([
      [callSid(7), 'platform.worker-lost'],
    ]);
    expect([worker.calls, other.calls]).toEqual([0, 0]);
    expect(await town.directory.open()).toEqual([]);
  });

  test('whose records cannot be sent keeps the call open, so that it is found again', async () => {
    const worker = await town.worker();
    await town.take(worker, 1);
    const {edge} = await town.stream(worker, 1);
    town.queueIsDown = true;
    edge.send({kind: 'ended', why: 'hungUp'});
    await town.pass(2_000);
    expect(town.records).toEqual([]);
    expect(await town.directory.open()).toEqual([callSid(1)]);
    town.queueIsDown = false;
    await town.pass(30_000);
    expect(town.records.map(({summary}) => summary.endReason)).toEqual(['caller.hung-up']);
    expect(await town.directory.open()).toEqual([]);
  });

  test('whose model refuses the key leaves the caller to somebody who can speak, without trying again', async () => {
    town.model.readyAtOnce = false;
    const worker = await town.worker();
    await town.take(worker, 1);
    town.model.sessions[0]?.emit({type: 'lost', cause: 'refused', detail: '401'});
    const {heard} = await town.stream(worker, 1);
    await town.pass(1_000);
    expect(heard).toContainEqual({kind: 'close', why: 'refused'});
    expect((await town.directory.read(callSid(1)))?.intent).toBe('apologise');
    expect(town.model.sessions).toHaveLength(1);
    expect(town.records.map(({summary}) => summary.endReason)).toEqual(['platform.model-refused']);
  });

  test('whose model is limited says so before it closes the stream, and keeps the call until the caller is back', async () => {
    const worker = await town.worker({GREETING: ''});
    await town.take(worker, 1);
    const {edge, heard} = await town.stream(worker, 1);
    const intend = town.directory.intend.bind(town.directory);
    let tries = 0;
    town.directory.intend = async (...args) => {
      expect(heard.filter(({kind}) => kind === 'close')).toEqual([]);
      if ((tries += 1) < 3) throw new Error('Redis is away');
      return await intend(...args);
    };
    const [session] = town.model.sessions;
    const heldUntil = town.clock.wall() + 9_000;
    const limit = {status: 'failed', reason: 'rate_limit_exceeded', retryAfterMs: 9_000, tokens: undefined} as const;
    session?.emit(
      {type: 'turnCommitted', itemId: 'u1'},
      {type: 'responseStarted', responseId: 'r1', tag: undefined},
      {type: 'responseEnded', responseId: 'r1', ...limit},
    );
    await town.pass(1_500);
    expect(heard.at(-1)).toEqual({kind: 'close', why: 'migrate'});
    const told = await town.directory.read(callSid(1));
    expect(told).toMatchObject({state: 'live', intent: 'migrate', facts: {heldUntil: `${heldUntil}`}});
    edge.send({kind: 'ended', why: 'moved'});
    await town.pass(20_000);
    expect([worker.calls, session?.commandsOf('respond').map(({tag}) => tag)]).toEqual([1, ['greeting-1']]);
    expect(town.records).toEqual([]);
  });

  test('does not take a caller who waits at Twilio, and whose worker died, for one who is gone', async () => {
    await town.worker();
    const dead = ProcessId.parse('worker-00000000dead');
    await town.directory.claim(callSid(7), {epoch: 0, owner: dead, at: town.clock.wall()});
    await town.directory.intend(callSid(7), 1, 'migrate', {heldUntil: `${town.clock.wall() + 20_000}`});
    await town.pass(48_000);
    expect((await town.directory.read(callSid(7)))?.epoch).toBe(1);
    await town.pass(30_000);
    expect((await town.directory.read(callSid(7)))?.epoch).toBe(2);
  });

  test('tells a Redis that forgot everything what it knows of its calls', async () => {
    const worker = await town.worker();
    await town.take(worker, 1);
    const {edge} = await town.stream(worker, 1);
    town.directory.lose();
    edge.send({kind: 'digit', digit: '#'});
    town.model.sessions[0]?.emit({type: 'turnCommitted', itemId: 'u1'});
    await town.pass(500);
    expect(await town.directory.read(callSid(1))).toMatchObject({state: 'live', owner: worker.id, epoch: 1});
    expect((await town.directory.journal(callSid(1)))[0]).toContain('"is":"opened"');
    await flushPromises();
  });
});
