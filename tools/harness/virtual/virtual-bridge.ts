import {randomBytes} from 'node:crypto';
import type {LiveCatalogue} from '@voicebridge/assistant/load/live-catalogue.ts';
import {MemoryVersionStore} from '@voicebridge/assistant/store/version-store.ts';
import {MemoryMediaBus} from '@voicebridge/shared/bus/memory-media-bus.ts';
import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import {MemoryCapture} from '@voicebridge/shared/capture/memory-capture.ts';
import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import type {Assignment, Owned} from '@voicebridge/shared/fleet/assign-call.ts';
import {reliableFrameChannels} from '@voicebridge/shared/frame-channel/reliable-frame-channel.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {quietTraces} from '@voicebridge/shared/observability/trace.ts';
import {type CallSid, ProcessId, Ticket} from '@voicebridge/shared/protocol/ids.ts';
import {NO_SPEND_LIMITS} from '@voicebridge/shared/spend/limits.ts';
import {MemorySpendLedger} from '@voicebridge/shared/spend/memory-spend-ledger.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {capturedSocket} from '../../../services/media-edge/src/carriers/captured-socket.ts';
import type {CarrierSocket} from '../../../services/media-edge/src/carriers/carrier.ts';
import {CallLeg} from '../../../services/media-edge/src/leg/call-leg.ts';
import type {Workers} from '../../../services/media-edge/src/worker-link/workers.ts';
import {Assistants} from '../../../services/realtime-worker/src/assistants/assistants.ts';
import type {CallAssistants} from '../../../services/realtime-worker/src/assistants/call-assistants.ts';
import type {CallDeps} from '../../../services/realtime-worker/src/call-session/call-deps.ts';
import type {CallSession} from '../../../services/realtime-worker/src/call-session/call-session.ts';
import {Lingering} from '../../../services/realtime-worker/src/call-session/lingering.ts';
import {MemoryToolLedger} from '../../../services/realtime-worker/src/call-session/tool-ledger.ts';
import {JournalSeal} from '../../../services/realtime-worker/src/events/journal-seal.ts';
import type {ModelAdapter} from '../../../services/realtime-worker/src/model/model-adapter.ts';
import {type FinishedCall, sendCdr} from '../../../services/realtime-worker/src/cdr/send-cdr.ts';
import {takeCall, type TakeRequest} from '../../../services/realtime-worker/src/ownership/take-call.ts';

/** How one worker differs from the others. */
export interface VirtualWorkerOptions {
  /** By which records and logs name it. */
  readonly id?: ProcessId;
  readonly adapter: ModelAdapter;
  readonly assistants: CallAssistants & Pick<Assistants, 'named' | 'stored'>;
  readonly runTool?: CallDeps['runTool'];
  /** Calls are not recorded, if not given. */
  readonly openRecording?: CallDeps['openRecording'];
  readonly settings?: Partial<Pick<CallDeps, 'streamGraceMs' | 'rotateAfterMs'>>;
  /** When each stream that an edge brings reaches this worker; at once, where it is not given. */
  readonly streamsAt?: readonly Millis[];
}

interface VirtualWorker extends Omit<VirtualWorkerOptions, 'id'> {
  readonly id: ProcessId;
  readonly deps: CallDeps;
  session: CallSession | undefined;
  streams: number;
  isGone: boolean;
  isUsed: boolean;
}

interface VirtualBridgeOptions {
  /** Only calls of assistants with `capture: true` are captured. */
  readonly assistantsDecide?: boolean;
  /** How long a message takes between two processes; no time, if not given. */
  readonly hop?: () => Millis;
}

const TICK_MS: Millis = 250;
/** An edge that drains gives a stream up after so long. */
const DRAIN_MS: Millis = 10_000;
const EDGE = ProcessId.parse('edge-0000');

/**
 * The product between two sockets, for one call, without a network and without waiting: real edge legs, frame channels and
 * call sessions, on one clock that only its user moves. What crosses the sockets is captured by the doors of the product.
 */
export class VirtualBridge {
  readonly clock: FakeClock;
  readonly captures: MemoryCapture;
  readonly directory: MemoryCallDirectory;
  /** What went wrong on the way: the logs from `error` on. */
  readonly errors: string[] = [];
  /** The records of the call, as its worker would have sent them to analytics. */
  readonly records: CallFinished[] = [];
  readonly #bus: MemoryMediaBus;
  readonly #log;
  readonly #metrics = createMetrics('virtual');
  readonly #workers: VirtualWorker[] = [];
  readonly #dead = new Map<ProcessId, Set<() => void>>();
  readonly #toolLedger = new MemoryToolLedger();
  readonly #ledger;
  /** Where the stream is, of which there is one at a time. */
  #edge = EDGE;
  #leg: CallLeg | undefined;
  /** Another worker can use the model, and the one that has the call cannot. */
  isBetterElsewhere = false;

  /** Otherwise all calls are captured. */
  readonly #assistantsDecide: boolean;

  constructor(wall?: number, {assistantsDecide = false, hop}: VirtualBridgeOptions = {}) {
    this.#assistantsDecide = assistantsDecide;
    this.clock = new FakeClock(wall);
    this.captures = new MemoryCapture(this.clock);
    this.directory = new MemoryCallDirectory(this.clock);
    this.#bus = new MemoryMediaBus(this.clock, hop);
    this.#log = createLog('virtual', {level: 'error', to: {write: (line: string) => void this.errors.push(line)}});
    this.#ledger = new MemorySpendLedger(() => this.clock.wall());
  }

  /** The assistants of a folder as workers see them; nothing is asked at ring time. */
  assistantsOf(catalogue: LiveCatalogue['current']): Assistants {
    const ring = {askUrl: undefined, budgetMs: 0, metrics: this.#metrics};
    return new Assistants(catalogue, {store: new MemoryVersionStore(), ring, clock: this.clock, log: this.#log});
  }

  /** A worker that takes a call when it is asked, after those that were added before. */
  addWorker(options: VirtualWorkerOptions): void {
    const {
      id = ProcessId.parse(`worker-${String(this.#workers.length).padStart(4, '0')}`),
      assistants,
      adapter,
      runTool,
      openRecording,
      settings,
    } = options;
    const {clock, directory} = this;
    const deps: CallDeps = {
      worker: id,
      channels: reliableFrameChannels(this.#bus, clock),
      directory,
      adapter,
      ledger: this.#ledger,
      spendLimits: NO_SPEND_LIMITS,
      clock,
      metrics: this.#metrics,
      log: this.#log,
      toolLedger: this.#toolLedger,
      send: async () => ({status: 200, type: '', body: ''}),
      runTool,
      ...(openRecording ? {openRecording} : {}),
      capture: {
        capture: this.captures.of(id),
        storedVersion: hash => assistants.stored(hash),
        assistantsDecide: this.#assistantsDecide,
      },
      lingering: new Lingering(),
      assistantNamed: (name, given) => assistants.named(name, given),
      streamGraceMs: 15_000,
      rotateAfterMs: 3_000_000,
      ...settings,
      showTimingMath: false,
      logModelDetails: false,
      wellSince: () => this.#bus.wellSince(),
      pauses: {last: undefined, pausedSince: () => 0},
      mayCompact: () => true,
      sealOf: () => new JournalSeal(),
      handOver: async ({callSid}) => {
        const entry = await directory.read(callSid);
        const next = this.#next();
        if (!entry || !next) return false;
        this.isBetterElsewhere = false;
        const {epoch, assistant, facts, stream} = entry;
        return (
          (await this.#take(next, {callSid, epoch, assistant, facts, stream, cause: 'worker-drained'})) !== undefined
        );
      },
      isBetterElsewhere: () => this.isBetterElsewhere,
    };
    this.#workers.push({...options, id, deps, session: undefined, streams: 0, isGone: false, isUsed: false});
  }

  /** The next worker takes a new call. */
  async begin(callSid: CallSid, assistant: string, facts: Readonly<Record<string, string>> = {}): Promise<void> {
    const next = this.#next();
    if (next) await this.#take(next, {callSid, epoch: 0, assistant, facts, cause: 'new'});
  }

  /** The worker that has the call now. */
  get session(): CallSession | undefined {
    return this.#workers.findLast(({session, isGone}) => session && !isGone)?.session;
  }

  /** The worker that has the call is gone from one moment to the next. `noticedAfter`: when edges know. */
  killWorker(noticedAfter: Millis = 0): void {
    const worker = this.#workers.findLast(({session, isGone}) => session && !isGone);
    if (!worker) return;
    worker.isGone = true;
    worker.session?.release('killed');
    const notice = () => {
      for (const run of this.#dead.get(worker.id) ?? []) run();
    };
    if (noticedAfter > 0) this.clock.after(noticedAfter, notice);
    else notice();
  }

  /** The edge of the stream drains: the carrier is to open the stream again elsewhere. */
  drainEdge(): void {
    void this.#leg?.migrate(this.clock.now() + DRAIN_MS);
  }

  /** Nothing passes between edges and workers, as while Redis is away. */
  setDown(isDown: boolean): void {
    this.#bus.setDown(isDown);
  }

  /** A carrier opens a stream of the call. The leg lives until the socket is closed. */
  openStream(socket: CarrierSocket, edge = EDGE): void {
    const {clock, directory} = this;
    this.#edge = edge;
    const leg = new CallLeg(
      capturedSocket(socket, this.captures.of(edge), {held: this.#assistantsDecide}),
      {by: 'noTicket'},
      {
        id: edge,
        directory,
        channels: reliableFrameChannels(this.#bus, clock),
        workers: this.#asked,
        clock,
        log: this.#log,
        metrics: this.#metrics,
        traces: quietTraces,
        attached: () => {},
        refusals: {refused: () => {}},
      },
    );
    this.#leg = leg;
    const stop = every(clock, TICK_MS, () => leg.tick(clock.now()));
    void leg.run().finally(stop);
  }

  /** The carrier opens another stream of the call. `facts`: what the webhook learnt meanwhile. */
  async openNextStream(
    callSid: CallSid,
    open: () => CarrierSocket,
    facts: Readonly<Record<string, string>> = {},
    edge = EDGE,
  ) {
    const entry = await this.directory.read(callSid);
    const ticket = Ticket.parse(randomBytes(16).toString('hex'));
    if (entry)
      await this.directory.retry(callSid, {epoch: entry.epoch, replaces: entry.ticket, ticket, attempts: 0, facts});
    this.openStream(open(), edge);
  }

  readonly #asked: Workers = {
    attach: async ({owner, epoch}, streamSid) => {
      const worker = this.#workers.find(({id, isGone}) => id === owner && !isGone);
      if (!worker?.session) return 'unknown';
      const at = worker.streamsAt?.[worker.streams++] ?? 0;
      await sleep(this.clock, Math.max(0, at - this.clock.now()));
      await worker.session.attach(streamSid, this.#edge, epoch);
      return 'yes';
    },
    assign: async request => {
      const next = this.#next();
      return next && (await this.#take(next, request));
    },
    alive: worker => this.#workers.some(({id, isGone}) => id === worker && !isGone),
    noReceiver() {},
    onDead: (worker, run) => {
      const known = this.#dead.get(worker) ?? new Set();
      this.#dead.set(worker, known.add(run));
      return () => void known.delete(run);
    },
    wellSince: () => this.#bus.wellSince(),
    linkedSince: () => this.#bus.wellSince(),
  };

  #next(): VirtualWorker | undefined {
    return this.#workers.find(({isUsed}) => !isUsed);
  }

  async #take(worker: VirtualWorker, request: Omit<Assignment, 'exclude'>): Promise<Owned | undefined> {
    worker.isUsed = true;
    const {callSid} = request;
    const take = {type: 'take', version: 2, ask: 'ask-1', replyTo: 'edge', ...request} as TakeRequest;
    const {session, reply} = await takeCall(take, worker.assistants, worker.deps);
    const call = await this.directory.read(callSid);
    if (!session || !call) return undefined;
    worker.session = session;
    void session.outcome.then(async outcome => {
      worker.isGone = true;
      if (outcome.how === 'ended') await this.#record(worker.id, {callSid, ...outcome});
    });
    await session.startModel();
    return {call, settledMs: reply.settledMs};
  }

  async #record(worker: ProcessId, call: FinishedCall): Promise<void> {
    const {directory} = this;
    const queue = {
      send: async (parts: readonly CallFinished[]) => void this.records.push(...parts),
      async [Symbol.asyncDispose]() {},
    };
    const [metrics, log] = [this.#metrics, this.#log];
    const sealOf = () => new JournalSeal();
    await sendCdr(call, {queue, directory, sealOf, worker, transcripts: 'heard', metrics, traces: quietTraces, log});
  }
}
