import {randomBytes} from 'node:crypto';
import type {Clock} from '@voicebridge/shared/time.ts';
import {openWorkerClient} from '@voicebridge/shared/rpc/worker-client.ts';
import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {MemoryFleet} from '@voicebridge/shared/fleet/memory-fleet.ts';
import {monitorPeers} from '@voicebridge/shared/liveness/peer-monitor.ts';
import {MemoryMediaBus} from '@voicebridge/shared/bus/memory-media-bus.ts';
import {reliableFrameChannels} from '@voicebridge/shared/frame-channel/reliable-frame-channel.ts';
import {canaryLog} from '@voicebridge/shared/testing/canary-log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {assignCall} from '@voicebridge/shared/fleet/assign-call.ts';
import {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {FaultyMediaBus, type Faults} from '@voicebridge/shared/testing/faulty-media-bus.ts';
import {fleetWorkers} from '../../../../services/media-edge/src/worker-link/fleet-workers.ts';
import {type WorkerLinkDeps, WorkerLink} from '../../../../services/media-edge/src/worker-link/worker-link.ts';
import {WorkerEnv} from '../../../../services/realtime-worker/src/config.ts';
import type {ModelAdapter} from '../../../../services/realtime-worker/src/model/model-adapter.ts';
import {type RealtimeWorker, startWorker} from '../../../../services/realtime-worker/src/start-worker.ts';
import {Mortal} from '@voicebridge/shared/testing/mortal.ts';
import {unreachableWhile, watched} from './redis-proxies.ts';
import {TalkingCaller} from './talking-caller.ts';

/** A model whose sessions belong to processes. */
interface FleetModel {
  adapter(clock: Clock, owner: object): ModelAdapter;
  /** A process has died, and its sessions with it. */
  end(owner: object): void;
}

interface FleetWorker {
  readonly mortal: Mortal;
  readonly worker: RealtimeWorker;
}

interface FleetEdge {
  readonly mortal: Mortal;
  readonly deps: WorkerLinkDeps;
  readonly lines: Set<WorkerLink>;
}

const PERFECT: Faults = {lose: 0, double: 0, delay: 0, delayUpTo: 0, lie: 0};

const hex = (bytes: number) => randomBytes(bytes).toString('hex');

/**
 * A fleet on one fake clock: real workers and the real worker links of edges, with simulated Redis, model and callers.
 */
export class VirtualFleet<Model extends FleetModel> {
  readonly clock = new FakeClock();
  readonly model: Model;
  readonly callers: TalkingCaller[] = [];
  readonly records: CallFinished[] = [];
  readonly broken: string[] = [];
  readonly workers: FleetWorker[] = [];
  readonly edges: FleetEdge[] = [];
  readonly memory = new MemoryMediaBus(this.clock);
  readonly directory = new MemoryCallDirectory(this.clock);
  readonly #random: () => number;
  readonly #bus: FaultyMediaBus;
  readonly #redis;
  readonly #leaving: Promise<void>[] = [];
  readonly #log = canaryLog('simulation', 'warn');

  constructor(random: () => number, model: Model) {
    this.#random = random;
    this.model = model;
    this.#bus = new FaultyMediaBus(this.memory, this.clock, random, PERFECT);
    const isDown = () => this.memory.wellSince() === undefined;
    this.#redis = {
      directory: unreachableWhile(
        isDown,
        watched(this.directory, rule => this.broken.push(rule)),
      ),
      fleet: unreachableWhile(isDown, new MemoryFleet(this.clock)),
    };
  }

  /** Makes the network bad from now on. */
  worsen(faults: Faults): void {
    this.#bus.faults = faults;
  }

  /** Makes the network perfect from now on. */
  calm(): void {
    this.#bus.faults = PERFECT;
  }

  /** One worker dies or is asked to drain; another one replaces it. */
  async replaceWorker(old: FleetWorker, how: 'kill' | 'drain'): Promise<void> {
    this.workers.splice(this.workers.indexOf(old), 1);
    if (how === 'kill') {
      await old.mortal.kill();
      this.model.end(old.mortal);
      await this.until('starting a worker', this.addWorker());
      return;
    }
    await this.until('starting a worker', this.addWorker());
    const drained = old.worker.drain().then(() => old.worker[Symbol.asyncDispose]());
    this.#leaving.push(drained);
  }

  /** One edge dies; Twilio opens its streams again on another. */
  async replaceEdge(old: FleetEdge): Promise<void> {
    this.edges.splice(this.edges.indexOf(old), 1);
    await old.mortal.kill();
    const orphans = this.callers.filter(({line}) => line !== undefined && old.lines.has(line));
    for (const caller of orphans) caller.lost();
    await this.pass(150);
    const [other] = this.edges;
    if (other) for (const caller of orphans) await this.openStream(caller, other);
    await this.until('starting an edge', this.addEdge());
  }

  async addWorker(): Promise<FleetWorker> {
    const mortal = new Mortal();
    const clock = mortal.clock(this.clock);
    const config = loadConfig(WorkerEnv, {PORT: '0', REDIS_URL: 'redis://nowhere', OPENAI_API_KEY: 'none'});
    const queue = {
      send: async (parts: readonly CallFinished[]) => void this.records.push(...parts),
      [Symbol.asyncDispose]: async () => {},
    };
    const worker = await startWorker(config, {
      bus: mortal.bus(this.#bus),
      directory: mortal.asking(this.#redis.directory),
      fleet: mortal.asking(this.#redis.fleet),
      queue: mortal.asking(queue),
      clock,
      log: this.#log,
      random: this.#random,
      adapter: this.model.adapter(clock, mortal),
    });
    const added = {mortal, worker};
    this.workers.push(added);
    return added;
  }

  async addEdge(): Promise<FleetEdge> {
    const mortal = new Mortal();
    const clock = mortal.clock(this.clock);
    const plain = mortal.bus(this.#bus);
    const id = ProcessId.parse(`edge-${hex(6)}`);
    const log = this.#log.child({edge: id});
    const metrics = createMetrics('media-edge');
    const workerClient = await openWorkerClient({bus: plain, clock, id, log});
    const peers = monitorPeers({bus: plain, clock, metrics, log});
    const {directory, fleet} = this.#redis;
    const shared = {directory: mortal.asking(directory), fleet: mortal.asking(fleet)};
    const workers = fleetWorkers({
      ...shared,
      bus: plain,
      workerClient,
      peers,
      id,
      clock,
      log,
      metrics,
      random: this.#random,
    });
    const channels = reliableFrameChannels(plain, clock);
    const edge = {
      mortal,
      deps: {id, directory: shared.directory, channels, workers, clock, log, metrics},
      lines: new Set<WorkerLink>(),
    };
    this.edges.push(edge);
    return edge;
  }

  /** A caller dials. Resolves when a worker has the call and an edge its stream. */
  async call(edge: FleetEdge): Promise<TalkingCaller> {
    const {id, clock, log, metrics} = edge.deps;
    const callSid = CallSid.parse(`CA${hex(16)}`);
    const workerClient = await openWorkerClient({
      bus: this.memory,
      clock,
      id: ProcessId.parse(`webhook-${hex(6)}`),
      log,
    });
    const deps = {...this.#redis, bus: this.memory, workerClient, clock, random: this.#random, metrics, log};
    const assigned = await assignCall(deps, {callSid, epoch: 0, assistant: 'default', facts: {}, cause: 'new'});
    await workerClient[Symbol.asyncDispose]();
    if (!assigned.assigned) throw new Error(`call by ${id} found no owner: ${assigned.why}`);
    const caller = new TalkingCaller(this.callers.length, callSid, this.clock);
    this.callers.push(caller);
    await this.openStream(caller, edge);
    return caller;
  }

  /** Twilio opens a stream of a call on an edge, the first or another one. */
  async openStream(caller: TalkingCaller, {deps, lines}: FleetEdge): Promise<boolean> {
    const streamSid = StreamSid.parse(`MZ${hex(16)}`);
    const entry = await this.directory.read(caller.callSid);
    if (entry?.state !== 'live') return false;
    const attached = await this.directory.attach(caller.callSid, {epoch: entry.epoch, streamSid, edge: deps.id});
    if (!attached) return false;
    const line: WorkerLink = new WorkerLink({callSid: caller.callSid, streamSid}, deps, {
      onFrame: frame => caller.told(line, frame),
      onAudio: (mark, bytes, from, to) => caller.hear(line, mark, bytes.toString('latin1', from, to)),
    });
    lines.add(line);
    caller.opened(line);
    void line.run(attached.call).then(over => {
      // It has no owner any more: Twilio opens another stream, as it does when an edge closes the socket.
      if (caller.line === line && over !== 'ended') caller.lost();
    });
    return true;
  }

  /** Lets time pass. */
  async pass(ms: number, step = 5): Promise<void> {
    await this.clock.advanceAsync(ms, step);
  }

  /** Lets time pass until the promise settles. */
  async until<Result>(what: string, work: Promise<Result>): Promise<Result | undefined> {
    const state = {done: false};
    const settled = work.finally(() => (state.done = true));
    for (let waited = 0; !state.done && waited < 30_000; waited += 5) await this.pass(5);
    if (state.done) return await settled;
    this.broken.push(`${what} is never done`);
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.until('leaving', Promise.all(this.#leaving));
    for (const {worker} of this.workers)
      await this.until('a worker’s end', Promise.resolve(worker[Symbol.asyncDispose]()));
  }
}
