import {Catalogue} from '@voicebridge/assistant/catalogue.ts';
import {MemoryVersionStore, type VersionStore} from '@voicebridge/assistant/store/version-store.ts';
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
import {tellLeak} from '@voicebridge/shared/testing/canaries.ts';
import {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {WorkerToEdge} from '@voicebridge/shared/protocol/worker-to-edge.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import type {AskRingUrl} from '../assistants/ring.ts';
import {WorkerEnv} from '../config.ts';
import {type RealtimeWorker, startWorker} from '../start-worker.ts';
import type {OpenRecording} from '../recording/recording.ts';
import {EditedAssistants, standard} from './standard.ts';
import {ScriptedModel} from './scripted-model.ts';

export const edgeId = ProcessId.parse('edge-0000test');
export const callSid = (n: number) => CallSid.parse(`CA${String(n).padStart(32, '0')}`);
export const streamSid = (n: number) => StreamSid.parse(`MZ${String(n).padStart(32, '0')}`);

/** A deployment in memory: one bus, one directory, one fleet, and as many workers as a test starts. */
export class TestDeployment implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly bus = new MemoryMediaBus(this.clock);
  readonly directory = new MemoryCallDirectory(this.clock);
  readonly fleet = new MemoryFleet(this.clock);
  model = new ScriptedModel();
  /** The assistants of the workers to come, and of those that are told about changes. */
  live = new EditedAssistants(new Catalogue(standard));
  askRingUrl: AskRingUrl | undefined;
  readonly versions: VersionStore = new MemoryVersionStore();
  readonly records: CallFinished[] = [];
  readonly workers: RealtimeWorker[] = [];
  readonly channels = reliableFrameChannels(this.bus, this.clock);
  openRecording: OpenRecording | undefined;
  queueIsDown = false;
  /** The fleet key of the edge, set before the first worker is started. That of a worker is `FLEET_KEY` in its environment. */
  key: FleetKey | undefined;
  /** What workers log as errors. */
  readonly errors: string[] = [];
  readonly #log = createLog('test', {level: 'trace', to: {write: line => this.#logged(line)}});
  /** Whether the workers to come try the model before they join. */
  preflight = false;
  #workerClient: WorkerClient | undefined;

  /** The edge's client. Available once a worker was started. */
  get workerClient(): WorkerClient {
    if (!this.#workerClient) throw new Error('no worker was started');
    return this.#workerClient;
  }

  async worker(env: Record<string, string> = {}): Promise<RealtimeWorker> {
    this.#workerClient ??= await openWorkerClient({
      bus: this.bus,
      clock: this.clock,
      id: edgeId,
      log: this.#log,
      key: this.key,
    });
    const queue: AnalyticsQueue = {
      send: async parts => {
        if (this.queueIsDown) throw new Error('the queue is away');
        this.records.push(...parts);
      },
      [Symbol.asyncDispose]: async () => {},
    };
    const config = loadConfig(WorkerEnv, {OPENAI_API_KEY: 'k', REDIS_URL: 'redis://x', PORT: '0', ...env});
    const {clock, bus, directory, fleet, model} = this;
    const key = new FleetKey(config.FLEET_KEY, () => clock.wall());
    const deps = {
      bus,
      key,
      directory,
      fleet,
      queue,
      clock,
      log: this.#log,
      random: () => 0,
      adapter: model,
      preflight: this.preflight,
    };
    const {openRecording, live, versions} = this;
    // Without files the environment counts, as for anybody who writes none.
    const assistants = live.current.versions.length > 1 ? {assistants: live} : {};
    const starting = startWorker(config, {
      ...deps,
      ...assistants,
      versions,
      askRingUrl: this.askRingUrl,
      ...(openRecording ? {openRecording} : {}),
    });
    // It asks itself to take a call first.
    const [worker] = await Promise.all([starting, this.pass(20)]);
    this.workers.push(worker);
    return worker;
  }

  #logged(line: string): void {
    tellLeak(line);
    if (/"level":("error"|50)/.test(line)) this.errors.push(line);
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
    if (!attached) throw new Error('the call cannot get a stream');
    const edge = await this.channels.edgeEnd(streamSid(n), attached.call.epoch);
    const heard: WorkerToEdge[] = [];
    edge.onFrame(frame => heard.push(frame));
    const request = {
      type: 'attach' as const,
      callSid: callSid(n),
      epoch: attached.call.epoch,
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
