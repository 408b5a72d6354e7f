import {randomBytes} from 'node:crypto';
import {MemoryVersionStore} from '@voicebridge/assistant/store/version-store.ts';
import {openWorkerClient} from '@voicebridge/shared/rpc/worker-client.ts';
import {openWorkerServer} from '@voicebridge/shared/rpc/worker-server.ts';
import type {Member} from '@voicebridge/shared/fleet/fleet.ts';
import {type Heartbeat, startHeartbeat} from '@voicebridge/shared/liveness/heartbeat.ts';
import {registerMember} from '@voicebridge/shared/fleet/registration.ts';
import {reliableFrameChannels} from '@voicebridge/shared/frame-channel/reliable-frame-channel.ts';
import {closeServer, healthServer, listen} from '@voicebridge/shared/service/http.ts';
import type {Service} from '@voicebridge/shared/service/lifecycle.ts';
import {openMetricsPort, readersOnPort} from '@voicebridge/shared/service/metrics-port.ts';
import {boundStrangers} from '@voicebridge/shared/service/strangers.ts';
import {Descriptors} from '@voicebridge/shared/observability/descriptors.ts';
import {EventLoopLag} from '@voicebridge/shared/observability/event-loop-lag.ts';
import {background, logOfCall} from '@voicebridge/shared/observability/log.ts';
import {FORGED} from '@voicebridge/shared/observability/metric-labels.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {type CallSid, ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import type {WorkerRequest} from '@voicebridge/shared/protocol/worker-rpc.ts';
import {MemorySpendLedger} from '@voicebridge/shared/spend/memory-spend-ledger.ts';
import {CaptureFolder} from '@voicebridge/shared/capture/capture-folder.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {quietTraces} from '@voicebridge/shared/observability/trace.ts';
import {assistantTools} from './tools/assistant-tools.ts';
import type {CallDeps} from './call-session/call-deps.ts';
import {sender} from '@voicebridge/assistant/http/send-request.ts';
import {Lingering} from './call-session/lingering.ts';
import {MemoryToolLedger} from './call-session/tool-ledger.ts';
import {CdrSender} from './cdr/cdr-sender.ts';
import {SpendMeter} from './cdr/spend-meter.ts';
import {callsApiOf, spendLimits, standardAssistant, type WorkerConfig} from './config.ts';
import {LATE_AFTER, ModelWatch} from './health/model-watch.ts';
import {sessionSettings} from './call-session/session-settings.ts';
import {handOver, otherReadyWorkers} from './ownership/hand-over.ts';
import {ChunkSender} from './chunk-sender.ts';
import {openAssistants} from './assistants/open-assistants.ts';
import {OtherWorkers} from './ownership/other-workers.ts';
import {ProcessPauses} from './health/process-pauses.ts';
import {Readiness} from './health/readiness.ts';
import type {WorkerDeps} from './worker-deps.ts';
import {StoredRecording} from './recording/stored-recording.ts';
import {telephoneAudio} from './model/telephone-audio.ts';
import {JOURNAL_FORMAT} from './events/journal-entry.ts';
import {JournalSeal} from './events/journal-seal.ts';
import {openModelAdapter} from './open-model-adapter.ts';
import {JournalReaders} from './ownership/journal-readers.ts';
import {servedCalls, serveOperators} from './ownership/serve-operators.ts';
import {sweepOrphans} from './ownership/orphan-sweep.ts';
import {OwnedCalls} from './ownership/owned-calls.ts';
import {warmUp} from './ownership/warm-up.ts';

/** A running worker. */
export interface RealtimeWorker extends Service {
  readonly id: ProcessId;
  readonly port: number;
  /** Active calls, those being set up included. */
  readonly calls: number;
}

/** A call that lost its stream is kept this long for another one. */
const STREAM_GRACE: Millis = 15_000;

const UNREADABLE =
  'what was said in this call was sealed with a FLEET_KEY that this worker does not have; the call goes on without it';

/** Said once, at the start. */
const NO_PRICE = 'the price of this model is not known: limits of money (SPEND_…) do not hold for it';

/** How often this worker looks which others there are… */
const LOOK_EVERY: Millis = 5_000;
/** …and how often while it depends on them. */
const LOOK_OFTEN: Millis = 1_000;

/** How long a worker that ends waits for its calls, and then for the records that are not sent yet. */
const LEAVE_WITHIN: Millis = 2_000;

/** Warms up, joins the fleet and takes calls up to `config.MAX_CALLS`. Rejects with `CannotStart` if the port is taken. */
export async function startWorker(config: WorkerConfig, deps: WorkerDeps): Promise<RealtimeWorker> {
  const {bus, directory, fleet, queue, clock, random} = deps;
  const id = ProcessId.parse(`worker-${randomBytes(6).toString('hex')}`);
  const log = deps.log.child({worker: id});
  const metrics = deps.metrics ?? createMetrics('realtime-worker');
  deps.key?.onRefused(() => metrics.malformedTotal.inc(FORGED));
  const traces = deps.traces ?? quietTraces;
  const startedAt = clock.wall();

  await using stack = new AsyncDisposableStack();
  const channels = stack.use(reliableFrameChannels(bus, clock));
  const workerClient = stack.use(await openWorkerClient({bus, clock, id, log, key: deps.key}));
  const readers = deps.readers ?? new JournalReaders();
  const sealOf = (callSid: CallSid) =>
    new JournalSeal(deps.key?.textSeal(callSid), {
      mayWrite: () => readers.maySeal,
      onUnreadable: () => logOfCall(log, callSid).error({}, UNREADABLE),
    });
  const records = new CdrSender(
    {queue, directory, sealOf, worker: id, transcripts: config.TRANSCRIPTS, metrics, traces, log},
    clock,
  );
  const standard = standardAssistant(config);
  const pauses = stack.use(new ProcessPauses(clock, log));
  const adapter = deps.adapter ?? openModelAdapter(config, {clock, pauses, metrics, log});
  const {assistants} = stack.use(
    await openAssistants({
      standard,
      files: deps.assistants,
      traits: adapter.traits,
      store: deps.versions ?? new MemoryVersionStore(),
      ring: {askUrl: deps.askRingUrl, budgetMs: config.RING_BUDGET_MS, metrics},
      secret: deps.secret ?? (() => undefined),
      sentences: deps.sentences,
      clock,
      log,
      transferAllow: config.TRANSFER_ALLOW,
      callsApi: callsApiOf(config),
    }),
  );
  const others = new OtherWorkers({worker: id, fleet, readers, log});
  let announce = async () => {};
  const model = stack.use(
    new ModelWatch({
      adapter,
      settings: sessionSettings({...standard, tools: assistantTools}, {facts: {}}),
      clock,
      metrics,
      log,
      logModelDetails: config.LOG_MODEL_DETAILS,
      changed() {
        others.lookSoon();
        background(announce(), log, 'announcing itself');
      },
    }),
  );
  const lingering = new Lingering();
  const capture = stack.use(CaptureFolder.open(config, {clock, log, process: id, store: deps.recordings}));
  const chunks = deps.recordings && new ChunkSender({store: deps.recordings, clock, metrics, log});
  const openRecording =
    deps.openRecording ?? (chunks && (call => new StoredRecording(call, (...chunk) => chunks.send(...chunk))));
  const callDeps: CallDeps = {
    worker: id,
    channels,
    directory,
    adapter: telephoneAudio(model),
    ledger: deps.ledger ?? new MemorySpendLedger(() => clock.wall()),
    spendLimits: spendLimits(config),
    clock,
    metrics,
    log,
    send: deps.send ?? sender(() => undefined),
    ...(capture
      ? {
          capture: {
            capture,
            storedVersion: hash => assistants.stored(hash),
            assistantsDecide: config.CAPTURE === 'assistants',
          },
        }
      : {}),
    toolLedger: deps.toolLedger ?? new MemoryToolLedger(),
    lingering,
    assistantNamed: (name, given) => assistants.named(name, given),
    streamGraceMs: STREAM_GRACE,
    rotateAfterMs: config.SESSION_ROTATE_SECONDS * 1_000,
    showTimingMath: config.SHOW_TIMING_MATH,
    logModelDetails: config.LOG_MODEL_DETAILS,
    ...(openRecording ? {openRecording} : {}),
    wellSince: name => bus.wellSince(name),
    pauses,
    mayCompact: () => readers.mayCompact,
    sealOf,
    handOver: (call, options) => handOver(call, {worker: id, fleet, directory, workerClient, random}, options),
    isBetterElsewhere: waitedMs => others.areWell && (model.trouble !== undefined || waitedMs >= LATE_AFTER),
  };
  const calls = new OwnedCalls({
    capacity: config.MAX_CALLS,
    notTaking: () => readiness.verdict.notTaking,
    assistants,
    callDeps,
    onFinished: call => records.send(call),
    metrics,
    log,
  });

  const descriptors = stack.use(new Descriptors(clock));
  const lag = stack.use(new EventLoopLag(clock));
  const readiness = new Readiness({calls, bus, queue: deps.queueHealth, descriptors, model, others, lag, metrics});

  let heartbeat: Heartbeat | undefined;
  const handle = (request: WorkerRequest) => {
    // Whoever asks may depend on us from now on.
    heartbeat?.quicken();
    return calls.handle(request);
  };
  stack.use(await openWorkerServer({bus, worker: id, handle, metrics, log, clock, key: deps.key}));
  if (deps.operatorDesk) {
    const served = servedCalls(calls, {allow: config.TRANSFER_ALLOW, transcripts: config.TRANSCRIPTS, log});
    stack.defer(serveOperators({desk: deps.operatorDesk, worker: id, served, clock, log}));
  }
  await Promise.all([
    warmUp({worker: id, workerClient, directory, clock, log}),
    deps.preflight ? model.preflight() : undefined,
    others.look().catch(() => {}),
  ]);
  const state = (): Member['state'] => (calls.isDraining ? 'draining' : 'ready');
  const member = (): Member => ({
    id,
    calls: calls.count,
    capacity: config.MAX_CALLS,
    state: state(),
    trouble: model.trouble ? `model-${model.trouble}` : descriptors.scarce && 'descriptors',
    journalFormat: JOURNAL_FORMAT,
    lagMs: lag.worst,
    startedAt,
  });
  const registration = stack.use(await registerMember({fleet, name: 'workers', clock, log, member}));
  announce = () => registration.announce();
  // From here on this worker is one of those that read journals.
  await others.look().catch(() => {});
  const beat = () => ({id, calls: calls.count, state: state()});
  heartbeat = stack.use(await startHeartbeat({bus, clock, beat}));
  stack.defer(
    sweepOrphans({
      directory,
      fleet,
      sealOf,
      worker: id,
      clock,
      log,
      isOwnedHere: id => calls.has(id),
      onOrphan: call => records.send(call),
    }),
  );
  stack.defer(every(clock, LOOK_EVERY, () => others.lookSoon()));
  readiness.measure();
  const lookOften = () => {
    readiness.measure();
    if (model.trouble) others.lookSoon();
  };
  stack.defer(every(clock, LOOK_OFTEN, lookOften));

  const notReady = () => readiness.verdict.notReady;
  const notTaking = () => readiness.verdict.why;
  const health = {notReady, notTaking};
  const server = healthServer(health, metrics, readersOnPort(config));
  stack.use(boundStrangers(server, {clock, onCut: reason => metrics.strangersCutTotal.inc({reason})}));
  const port = await listen(server, config.PORT, 'PORT', config.HOST);
  stack.defer(() => closeServer(server));
  const metricsPort = stack.use(await openMetricsPort(config, {health, metrics, clock}));
  const facts = {port, metricsPort: metricsPort.port, capacity: config.MAX_CALLS, model: config.OPENAI_MODEL};
  if (new SpendMeter(config.OPENAI_MODEL, callDeps.spendLimits).isBlind)
    log.warn({model: config.OPENAI_MODEL}, NO_PRICE);
  const unready = notReady();
  if (unready === undefined) log.info(facts, 'worker ready');
  else log.error({...facts, reason: unready}, 'worker is up, and not ready');

  const owned = stack.move();
  return {
    name: 'realtime-worker',
    id,
    port,
    get calls() {
      return calls.count;
    },
    notReady,
    notTaking,
    async drain() {
      calls.startDraining();
      await registration.announce();
      // A worker of an older version may be the reason why this one goes, and be asked to take its calls.
      await others.look().catch(() => {});
      await calls.handOverAll();
      await Promise.all([records.allSent(), lingering.over(), chunks?.idle, capture?.allSent()]);
    },
    async [Symbol.asyncDispose]() {
      // The edges see that this worker is gone, and ask another one to take its calls, if there is one.
      const isTakenOver = calls.count > 0 && (await otherReadyWorkers(id, fleet).catch(() => [])).length > 0;
      await Promise.race([calls.leaveAll({isTakenOver}), sleep(clock, LEAVE_WITHIN)]);
      await records.close(LEAVE_WITHIN);
      await owned.disposeAsync();
    },
  };
}
