import {randomBytes} from 'node:crypto';
import type {AnalyticsQueue} from '@voicebridge/shared/cdr/analytics-queue.ts';
import {openWorkerClient} from '@voicebridge/shared/rpc/worker-client.ts';
import {openWorkerServer} from '@voicebridge/shared/rpc/worker-server.ts';
import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Fleet, Member} from '@voicebridge/shared/fleet/fleet.ts';
import {startHeartbeat} from '@voicebridge/shared/liveness/heartbeat.ts';
import {registerMember} from '@voicebridge/shared/fleet/registration.ts';
import type {MediaBus} from '@voicebridge/shared/bus/media-bus.ts';
import {reliableFrameChannels} from '@voicebridge/shared/frame-channel/reliable-frame-channel.ts';
import {closeServer, healthServer, listen} from '@voicebridge/shared/service/http.ts';
import type {Service} from '@voicebridge/shared/service/lifecycle.ts';
import {EventLoopLag} from '@voicebridge/shared/observability/event-loop-lag.ts';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import {createMetrics, type Metrics} from '@voicebridge/shared/observability/metrics.ts';
import {type CallSid, ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import type {WorkerRequest} from '@voicebridge/shared/protocol/worker-rpc.ts';
import {measureRedis, redisNotReady} from '@voicebridge/shared/redis/redis-state.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import {every, type Clock, type Millis} from '@voicebridge/shared/time.ts';
import {quietTraces, type Traces} from '@voicebridge/shared/observability/trace.ts';
import type {CallDeps} from './call-session/call-deps.ts';
import type {CallSession} from './call-session/call-session.ts';
import {defaultAssistant, type WorkerConfig} from './config.ts';
import {handOver, otherReadyWorkers} from './ownership/hand-over.ts';
import type {OpenRecording} from './recording/recording.ts';
import type {ModelAdapter} from './model/model-adapter.ts';
import {telephoneAudio} from './model/telephone-audio.ts';
import {openModelAdapter} from './open-model-adapter.ts';
import {sweepOrphans} from './ownership/orphan-sweep.ts';
import {type FinishedCall, sendCdrWithRetries} from './cdr/send-cdr.ts';
import {type Reply, type TakeRequest, takeCall} from './ownership/take-call.ts';
import {warmUp} from './ownership/warm-up.ts';

export interface WorkerDeps {
  readonly bus: MediaBus;
  readonly directory: CallDirectory;
  readonly fleet: Fleet;
  readonly queue: AnalyticsQueue;
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  /** The model; the configured one if not given. */
  readonly adapter?: ModelAdapter;
  /** Opens the recordings of calls; no call is recorded if not given. */
  readonly openRecording?: OpenRecording;
  readonly metrics?: Metrics;
  /** Where spans go; nowhere if not given. */
  readonly traces?: Traces;
}

/** A running worker. */
export interface RealtimeWorker extends Service {
  readonly id: ProcessId;
  readonly port: number;
  /** Calls in hand, those being set up included. */
  readonly calls: number;
}

/** A call that lost its stream is kept this long for another one. */
const STREAM_GRACE: Millis = 15_000;

/** Warms up, joins the fleet and takes calls up to `config.MAX_CALLS`. Rejects with `CannotStart` if the port is taken. */
export async function startWorker(config: WorkerConfig, deps: WorkerDeps): Promise<RealtimeWorker> {
  const {bus, directory, fleet, queue, clock, random} = deps;
  const id = ProcessId.parse(`worker-${randomBytes(6).toString('hex')}`);
  const log = deps.log.child({worker: id});
  const metrics = deps.metrics ?? createMetrics('realtime-worker');
  const traces = deps.traces ?? quietTraces;
  const assistant = defaultAssistant(config);
  const startedAt = clock.wall();
  const calls = new Map<CallSid, CallSession>();
  /** Calls that are being taken, each with the answer to come. */
  const taking = new Map<CallSid, {readonly epoch: number; readonly reply: Promise<Reply>}>();
  const recording = new Set<Promise<void>>();
  const stopped = new AbortController();
  let draining = false;
  let emptied = Promise.withResolvers<void>();

  await using stack = new AsyncDisposableStack();
  const channels = stack.use(reliableFrameChannels(bus, clock));
  const workerClient = stack.use(await openWorkerClient({bus, clock, id, log}));
  const adapter = telephoneAudio(deps.adapter ?? openModelAdapter(config, {clock, metrics, log}));

  /** A call that is being taken counts from the reservation on, and once. */
  const inHand = () => calls.size + [...taking.keys()].filter(sid => !calls.has(sid)).length;
  const settle = () => {
    metrics.callsActive.set(inHand());
    if (inHand() === 0) emptied.resolve();
  };
  metrics.callsCapacity.set(config.MAX_CALLS);

  const callDeps: CallDeps = {
    worker: id,
    channels,
    directory,
    adapter,
    clock,
    metrics,
    log,
    streamGraceMs: STREAM_GRACE,
    rotateAfterMs: config.SESSION_ROTATE_SECONDS * 1_000,
    showTimingMath: config.SHOW_TIMING_MATH,
    ...(deps.openRecording ? {openRecording: deps.openRecording} : {}),
    wellSince: () => bus.wellSince(),
    handOver: call => handOver(call, handOverDeps),
  };

  const senderDeps = {queue, directory, worker: id, transcripts: config.TRANSCRIPTS, metrics, traces, log};
  const record = (finished: FinishedCall): Promise<void> => {
    const done = sendCdrWithRetries(finished, senderDeps, {clock, signal: stopped.signal});
    recording.add(done);
    metrics.recordsUnsent.set(recording.size);
    background(
      done.finally(() => {
        recording.delete(done);
        metrics.recordsUnsent.set(recording.size);
      }),
      log,
      'recording',
    );
    return done;
  };

  const hold = async (call: CallSession) => {
    calls.set(call.callSid, call);
    settle();
    if (draining) call.drain();
    const outcome = await call.outcome;
    if (calls.get(call.callSid) === call) calls.delete(call.callSid);
    if (outcome.how === 'ended') background(record({callSid: call.callSid, ...outcome}), log, 'recording a call');
    settle();
  };

  const take = async (ask: TakeRequest): Promise<Reply> => {
    const {callSid, epoch} = ask;
    const mine = calls.get(callSid);
    if (mine && mine.epoch > epoch) return {answer: 'taken', epoch: mine.epoch};
    // Asked again before the first answer: one place, one model session, and the same answer.
    const first = taking.get(callSid);
    if (first?.epoch === epoch) return await first.reply;
    if (draining) return {answer: 'draining', epoch};
    if (!first && !mine && inHand() >= config.MAX_CALLS) return {answer: 'full', epoch};
    const taken = {epoch, reply: takeOnce(ask, mine)};
    taking.set(callSid, taken);
    settle();
    try {
      return await taken.reply;
    } finally {
      if (taking.get(callSid) === taken) taking.delete(callSid);
      settle();
    }
  };

  const takeOnce = async (ask: TakeRequest, mine: CallSession | undefined): Promise<Reply> => {
    const {reply, session} = await takeCall(ask, assistant, callDeps);
    if (session) {
      // Counted here: the draining worker exits before its metrics are read. Takeovers from a dead worker are counted by the edge.
      if (ask.cause === 'worker-drained') metrics.takeoversTotal.inc({cause: ask.cause});
      mine?.release('taken again by ourselves');
      background(hold(session), log, 'holding a call');
    }
    return reply;
  };

  const handle = async (ask: WorkerRequest): Promise<Reply> => {
    if (ask.type === 'take') return await take(ask);
    const call = calls.get(ask.callSid);
    if (!call) return {answer: 'unknown', epoch: 0};
    if (ask.type === 'end') call.end(ask.why);
    else if (ask.epoch < call.epoch) return {answer: 'taken', epoch: call.epoch};
    else await call.attach(ask.streamSid, ask.edge, ask.epoch);
    return {answer: 'yes', epoch: call.epoch};
  };

  const handOverDeps = {worker: id, fleet, directory, workerClient, random};

  stack.use(await openWorkerServer({bus, worker: id, handle, metrics, log}));
  await warmUp({worker: id, workerClient, directory, clock, log});
  const lag = stack.use(new EventLoopLag(clock));
  const member = (): Member => ({
    id,
    calls: inHand(),
    capacity: config.MAX_CALLS,
    state: draining ? 'draining' : 'ready',
    lagMs: lag.worst,
    startedAt,
  });
  const registration = stack.use(await registerMember({fleet, name: 'workers', clock, log, member}));
  const beat = () => ({id, calls: inHand(), state: member().state});
  stack.use(await startHeartbeat({bus, clock, name: 'workers', beat}));
  stack.defer(
    sweepOrphans({
      directory,
      fleet,
      worker: id,
      clock,
      log,
      isOwnedHere: sid => calls.has(sid) || taking.has(sid),
      onOrphan: record,
    }),
  );
  stack.defer(
    every(clock, 1_000, () => {
      metrics.eventLoopLag.set(lag.worst / 1_000);
      measureRedis(metrics, bus.trouble());
    }),
  );

  const notReady = () => {
    if (draining) return 'draining';
    const trouble = redisNotReady(bus.trouble());
    if (trouble !== undefined) return trouble;
    return inHand() >= config.MAX_CALLS ? 'every place is taken' : undefined;
  };
  const server = healthServer({notReady}, metrics);
  const port = await listen(server, config.PORT, 'PORT', config.HOST);
  stack.defer(() => closeServer(server));
  log.info({port, capacity: config.MAX_CALLS, model: config.OPENAI_MODEL}, 'worker ready');

  const owned = stack.move();
  return {
    name: 'realtime-worker',
    id,
    port,
    get calls() {
      return inHand();
    },
    notReady,
    async drain() {
      draining = true;
      metrics.draining.set(1);
      await registration.announce();
      emptied = Promise.withResolvers();
      settle();
      for (const call of calls.values()) call.drain();
      await emptied.promise;
      await Promise.all(recording);
    },
    async [Symbol.asyncDispose]() {
      // What is left goes on with another worker, if there is one: the edges see us go, and ask.
      const elsewhere = calls.size > 0 && (await otherReadyWorkers(id, fleet).catch(() => [])).length > 0;
      const left = [...calls.values()];
      for (const call of left) {
        if (elsewhere) call.release('this worker ends');
        else call.end('platform.drained');
      }
      await Promise.race([Promise.all(left.map(call => call.outcome)), sleep(clock, 2_000)]);
      await Promise.race([Promise.all(recording), sleep(clock, 2_000)]);
      stopped.abort();
      await owned.disposeAsync();
    },
  };
}
