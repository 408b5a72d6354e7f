import {randomBytes} from 'node:crypto';
import {Catalogue} from '@voicebridge/assistant/catalogue.ts';
import type {LiveCatalogue} from '@voicebridge/assistant/load/live-catalogue.ts';
import {MemoryVersionStore, type VersionStore} from '@voicebridge/assistant/store/version-store.ts';
import type {AnalyticsQueue} from '@voicebridge/shared/cdr/analytics-queue.ts';
import {openWorkerClient} from '@voicebridge/shared/rpc/worker-client.ts';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import type {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {openWorkerServer} from '@voicebridge/shared/rpc/worker-server.ts';
import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Fleet, Member} from '@voicebridge/shared/fleet/fleet.ts';
import {type Heartbeat, startHeartbeat} from '@voicebridge/shared/liveness/heartbeat.ts';
import type {NumberSentences} from '@voicebridge/shared/fleet/number-sentences.ts';
import {registerMember} from '@voicebridge/shared/fleet/registration.ts';
import type {MediaBus} from '@voicebridge/shared/bus/media-bus.ts';
import {reliableFrameChannels} from '@voicebridge/shared/frame-channel/reliable-frame-channel.ts';
import {closeServer, healthServer, listen} from '@voicebridge/shared/service/http.ts';
import type {Service} from '@voicebridge/shared/service/lifecycle.ts';
import {openMetricsPort, readersOnPort} from '@voicebridge/shared/service/metrics-port.ts';
import {boundStrangers} from '@voicebridge/shared/service/strangers.ts';
import {Descriptors} from '@voicebridge/shared/observability/descriptors.ts';
import {EventLoopLag} from '@voicebridge/shared/observability/event-loop-lag.ts';
import {background, type Log, logOfCall} from '@voicebridge/shared/observability/log.ts';
import {FORGED} from '@voicebridge/shared/observability/metric-labels.ts';
import {createMetrics, measureTaking, type Metrics} from '@voicebridge/shared/observability/metrics.ts';
import {type CallSid, ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import type {WorkerSide} from '@voicebridge/shared/rpc/operator-desk.ts';
import type {WorkerRequest} from '@voicebridge/shared/protocol/worker-rpc.ts';
import {measureQueue, measureRedis} from '@voicebridge/shared/redis/redis-state.ts';
import type {WriteProbe} from '@voicebridge/shared/redis/write-probe.ts';
import {MemorySpendLedger} from '@voicebridge/shared/spend/memory-spend-ledger.ts';
import type {SpendLedger} from '@voicebridge/shared/spend/spend-ledger.ts';
import type {RecordingStore} from '@voicebridge/shared/recordings/recording-store.ts';
import {CaptureFolder} from '@voicebridge/shared/capture/capture-folder.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {quietTraces, type Traces} from '@voicebridge/shared/observability/trace.ts';
import type {AskRingUrl} from './assistants/ring.ts';
import {Assistants} from './assistants/assistants.ts';
import {McpServers} from './assistants/mcp-servers.ts';
import {unhosted} from './assistants/unhosted.ts';
import {assistantTools} from './tools/assistant-tools.ts';
import type {CallDeps} from './call-session/call-deps.ts';
import {type SendRequest, sender} from '@voicebridge/assistant/http/send-request.ts';
import {Lingering} from './call-session/lingering.ts';
import {MemoryToolLedger, type ToolLedger} from './call-session/tool-ledger.ts';
import {buildCdr} from './cdr/build-cdr.ts';
import {CdrSender} from './cdr/cdr-sender.ts';
import {SpendMeter} from './cdr/spend-meter.ts';
import {callsApiOf, spendLimits, standardAssistant, type WorkerConfig} from './config.ts';
import {LATE_AFTER, ModelWatch} from './health/model-watch.ts';
import {judge} from './health/worker-health.ts';
import {sessionSettings} from './call-session/session-settings.ts';
import {handOver, otherReadyWorkers} from './ownership/hand-over.ts';
import {ChunkSender} from './chunk-sender.ts';
import type {OpenRecording} from './recording/recording.ts';
import {StoredRecording} from './recording/stored-recording.ts';
import type {ModelAdapter} from './model/model-adapter.ts';
import {telephoneAudio} from './model/telephone-audio.ts';
import {JOURNAL_FORMAT} from './events/journal-entry.ts';
import {JournalSeal} from './events/journal-seal.ts';
import {openModelAdapter} from './open-model-adapter.ts';
import {JournalReaders} from './ownership/journal-readers.ts';
import {type Served, serveOperators} from './ownership/serve-operators.ts';
import {sweepOrphans} from './ownership/orphan-sweep.ts';
import type {FinishedCall} from './cdr/send-cdr.ts';
import {OwnedCalls} from './ownership/owned-calls.ts';
import {warmUp} from './ownership/warm-up.ts';

export interface WorkerDeps {
  readonly bus: MediaBus;
  /** Checks what is asked and signs the answers; nothing is signed if not given. */
  readonly key?: FleetKey | undefined;
  /** Where operators ask; nobody does if not given. */
  readonly operatorDesk?: WorkerSide;
  readonly directory: CallDirectory;
  readonly fleet: Fleet;
  /** Which journals all workers can read; this worker keeps it up to date. */
  readonly readers?: JournalReaders;
  /** What calls cost; known to this process alone if not given. */
  readonly ledger?: SpendLedger;
  readonly queue: AnalyticsQueue;
  /** The health of the queue's Redis; that of the bus if not given. */
  readonly queueHealth?: Pick<WriteProbe, 'trouble' | 'hasWorked'>;
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  /** The model; the configured one if not given. */
  readonly adapter?: ModelAdapter;
  /** Whether a session is opened as a try before this worker joins; otherwise the first caller finds out. */
  readonly preflight?: boolean;
  /** Which tools have begun; one of this process alone if not given. */
  readonly toolLedger?: ToolLedger;
  /** Asks other servers, for tools; without secrets if not given. */
  readonly send?: SendRequest;
  /** The value of a variable of the environment, for MCP servers; none is set if not given. */
  readonly secret?: (name: string) => string | undefined;
  /** Opens the recordings of calls; no call is recorded if not given. */
  readonly openRecording?: OpenRecording;
  /** Where recordings are kept; no call is recorded if neither this nor `openRecording` is given. */
  readonly recordings?: RecordingStore | undefined;
  /** The assistants in files; that of the environment alone if not given. */
  readonly assistants?: Pick<LiveCatalogue, 'current' | 'onChange'>;
  /** Asks RING_URL about calls; nothing is asked if not given. */
  readonly askRingUrl?: AskRingUrl | undefined;
  /** Where their versions are kept; in this process alone if not given. */
  readonly versions?: VersionStore;
  /** Where webhooks are told what the assistants of numbers say; they are not if not given. */
  readonly sentences?: NumberSentences;
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

const UNREADABLE =
  'what was said in this call was sealed with a FLEET_KEY that this worker does not have; the call goes on without it';

/** Said once, at the start. */
const NO_PRICE = 'the price of this model is not known: limits of money (SPEND_…) do not hold for it';

/** Webhooks are told again what assistants say, long before they forget it. */
const TELL_EVERY: Millis = 3_600_000;

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
  const adapter = deps.adapter ?? openModelAdapter(config, {clock, metrics, log});
  const impossible = deps.assistants ? unhosted(deps.assistants.current, adapter.traits) : [];
  if (impossible.length > 0) throw new CannotStart(impossible.join('\n'));
  const mcp = stack.use(new McpServers({secret: deps.secret ?? (() => undefined), clock, log}));
  if (deps.assistants) await mcp.renew(deps.assistants.current);
  const assistants = new Assistants(deps.assistants?.current ?? new Catalogue(standard), {
    store: deps.versions ?? new MemoryVersionStore(),
    ring: {askUrl: deps.askRingUrl, budgetMs: config.RING_BUDGET_MS, metrics},
    mcp,
    clock,
    log,
    transferAllow: config.TRANSFER_ALLOW,
    callsApi: callsApiOf(config),
  });
  const tellSentences = () => {
    const {sentences, assistants: files} = deps;
    if (!sentences || !files) return;
    const {sentences: said, names} = files.current;
    background(sentences.tell(said, names), log, 'telling what assistants there are, and what they say');
  };
  tellSentences();
  stack.defer(every(clock, TELL_EVERY, tellSentences));
  deps.assistants?.onChange(catalogue => {
    const problems = unhosted(catalogue, adapter.traits);
    if (problems.length > 0) return log.error({problems}, 'the assistants stay as they were: their files need changes');
    assistants.renew(catalogue);
    background(mcp.renew(catalogue), log, 'reaching MCP servers');
    tellSentences();
  });
  let othersAreWell = false;
  const look = async () => {
    const workers = await fleet.members('workers');
    readers.look(workers);
    othersAreWell = workers.some(other => other.id !== id && other.state === 'ready' && other.trouble === undefined);
  };
  const lookSoon = () => background(look(), log, 'looking at the fleet');
  let announce = async () => {};
  const model = stack.use(
    new ModelWatch({
      adapter,
      settings: sessionSettings({...standard, tools: assistantTools}, {facts: {}}),
      clock,
      metrics,
      log,
      changed() {
        lookSoon();
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
    mayCompact: () => readers.mayCompact,
    sealOf,
    handOver: (call, options) => handOver(call, {worker: id, fleet, directory, workerClient, random}, options),
    isBetterElsewhere: waitedMs => othersAreWell && (model.trouble !== undefined || waitedMs >= LATE_AFTER),
  };
  const onFinished = (call: FinishedCall) => records.send(call);
  const calls = new OwnedCalls({
    capacity: config.MAX_CALLS,
    notTaking: () => verdict().notTaking,
    assistants,
    callDeps,
    onFinished,
    metrics,
    log,
  });

  const descriptors = stack.use(new Descriptors(clock));
  const verdict = () => {
    const {trouble: queueTrouble, hasWorked: queueHasWorked} = deps.queueHealth ?? {
      trouble: bus.trouble(),
      hasWorked: true,
    };
    return judge({
      isDraining: calls.isDraining,
      isFull: calls.isFull,
      descriptors: descriptors.scarce,
      redis: bus.trouble(),
      queue: queueTrouble,
      queueHasWorked,
      model: model.trouble,
      modelHasWorked: model.hasWorked,
      othersAreWell,
    });
  };

  let heartbeat: Heartbeat | undefined;
  const handle = (request: WorkerRequest) => {
    // Whoever asks may depend on us from now on.
    heartbeat?.quicken();
    return calls.handle(request);
  };
  stack.use(await openWorkerServer({bus, worker: id, handle, metrics, log, key: deps.key}));
  if (deps.operatorDesk) {
    const served: Served = {
      active: () => calls.active(config.TRANSFER_ALLOW),
      recordSoFar(callSid) {
        const entries = calls.entriesOf(callSid);
        return entries && buildCdr(entries, config.TRANSCRIPTS);
      },
      hangUp(callSid) {
        logOfCall(log, callSid).info({}, 'an operator hangs up');
        calls.hangUp(callSid);
      },
      transfer(callSid, to) {
        const isDone = calls.transfer(callSid, to, config.TRANSFER_ALLOW);
        if (isDone) logOfCall(log, callSid).info({}, 'an operator transfers the caller');
        else logOfCall(log, callSid).warn({}, 'an operator may not transfer the caller there');
      },
    };
    stack.defer(serveOperators({desk: deps.operatorDesk, worker: id, served, clock, log}));
  }
  await Promise.all([
    warmUp({worker: id, workerClient, directory, clock, log}),
    deps.preflight ? model.preflight() : undefined,
    look().catch(() => {}),
  ]);
  const lag = stack.use(new EventLoopLag(clock));
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
  await look().catch(() => {});
  const beat = () => ({id, calls: calls.count, state: state()});
  heartbeat = stack.use(await startHeartbeat({bus, clock, beat}));
  const isOwnedHere = (callSid: CallSid) => calls.has(callSid);
  stack.defer(sweepOrphans({directory, fleet, sealOf, worker: id, clock, log, isOwnedHere, onOrphan: onFinished}));
  stack.defer(every(clock, LOOK_EVERY, lookSoon));
  const measure = () => {
    metrics.eventLoopLag.set(lag.worst / 1_000);
    measureRedis(metrics, bus.trouble());
    measureQueue(metrics, deps.queueHealth ? deps.queueHealth.trouble : bus.trouble());
    measureTaking(metrics, verdict().notTaking);
  };
  measure();
  stack.defer(
    every(clock, LOOK_OFTEN, () => {
      measure();
      if (model.trouble) lookSoon();
    }),
  );

  const notReady = () => verdict().notReady;
  const notTaking = () => verdict().why;
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
      await look().catch(() => {});
      await calls.handOverAll();
      await Promise.all([records.allSent(), lingering.over(), chunks?.idle]);
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
