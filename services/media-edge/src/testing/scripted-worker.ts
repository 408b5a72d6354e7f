import {randomBytes} from 'node:crypto';
import {openWorkerServer} from '@voicebridge/shared/rpc/worker-server.ts';
import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Fleet} from '@voicebridge/shared/fleet/fleet.ts';
import {type Heartbeat, startHeartbeat} from '@voicebridge/shared/liveness/heartbeat.ts';
import {registerMember} from '@voicebridge/shared/fleet/registration.ts';
import type {WorkerChannel} from '@voicebridge/shared/frame-channel/frame-channel.ts';
import type {MediaBus} from '@voicebridge/shared/bus/media-bus.ts';
import {reliableFrameChannels} from '@voicebridge/shared/frame-channel/reliable-frame-channel.ts';
import {canaryLog} from '@voicebridge/shared/testing/canary-log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import {ProcessId, type CallSid, type StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {WorkerReply, WorkerRequest} from '@voicebridge/shared/protocol/worker-rpc.ts';
import type {WorkerToEdge} from '@voicebridge/shared/protocol/worker-to-edge.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {Mortal} from '@voicebridge/shared/testing/mortal.ts';

const FRAME_BYTES = 160;

/** A worker without a model. It takes every call that it is asked to take, and records what it receives. */
export class ScriptedWorker {
  readonly id = ProcessId.parse(`worker-${randomBytes(6).toString('hex')}`);
  readonly asked: WorkerRequest[] = [];
  /** The kinds of all frames of all streams, in the order in which they came. */
  readonly arrived: EdgeToWorker['kind'][] = [];
  readonly #ends: {streamSid: StreamSid; epoch: number; channel: WorkerChannel; frames: EdgeToWorker[]}[] = [];
  readonly #mortal = new Mortal();
  readonly #bus: MediaBus;
  readonly #directory: CallDirectory;
  readonly #frames: ReturnType<typeof reliableFrameChannels>;
  readonly #stack = new AsyncDisposableStack();
  /** Answered to every request, if it is set. */
  answer: WorkerReply['answer'] | undefined;
  /** It is so busy that it answers about streams only when this has resolved. */
  busy: Promise<void> | undefined;
  /** Up to where what the caller said is in the journal as text, as its replies say when it takes a call. */
  settledMs: Millis | undefined;
  /** How many keys of the stream are in the journal; undefined: it does not say. */
  digits: number | undefined;

  private constructor(bus: MediaBus, directory: CallDirectory, clock: Clock) {
    this.#bus = this.#mortal.bus(bus);
    this.#directory = directory;
    this.#frames = this.#stack.use(reliableFrameChannels(this.#bus, clock));
  }

  static async start(deps: {
    bus: MediaBus;
    directory: CallDirectory;
    fleet: Fleet;
    clock: Clock;
  }): Promise<ScriptedWorker> {
    const worker = new ScriptedWorker(deps.bus, deps.directory, deps.clock);
    const {id} = worker;
    const log = canaryLog('scripted-worker');
    const bus = worker.#bus;
    let heartbeat: Heartbeat | undefined;
    const handle = (ask: WorkerRequest) => {
      heartbeat?.quicken();
      return worker.#handle(ask);
    };
    worker.#stack.use(
      await openWorkerServer({bus, worker: id, handle, metrics: createMetrics('scripted'), log, clock: deps.clock}),
    );
    const beat = () => ({id, calls: worker.#ends.length, state: 'ready'}) as const;
    heartbeat = worker.#stack.use(await startHeartbeat({bus, clock: deps.clock, beat}));
    const member = () => ({...beat(), capacity: 100, lagMs: 0, startedAt: 0});
    worker.#stack.use(await registerMember({fleet: deps.fleet, name: 'workers', clock: deps.clock, log, member}));
    return worker;
  }

  async #handle(ask: WorkerRequest): Promise<Pick<WorkerReply, 'answer' | 'epoch' | 'settledMs' | 'digits'>> {
    this.asked.push(ask);
    if (this.answer) return {answer: this.answer, epoch: 0};
    if (ask.type === 'attach') {
      await this.busy;
      if (!this.#end(ask.epoch, ask.streamSid)) await this.listen(ask.streamSid, ask.epoch);
      return {answer: 'yes', epoch: ask.epoch};
    }
    if (ask.type === 'end' || ask.type === 'answered-by') return {answer: 'yes', epoch: 0};
    const {callSid, epoch, assistant, facts, stream} = ask;
    const claim = await this.#directory.claim(callSid, {epoch, owner: this.id, at: 0, assistant, facts});
    if (!claim.won) return {answer: 'taken', epoch: claim.call?.epoch ?? 0};
    if (stream) await this.listen(stream.streamSid, claim.call.epoch);
    return {answer: 'yes', epoch: claim.call.epoch, settledMs: this.settledMs, digits: this.digits};
  }

  /** Opens the worker's end of a stream's channel, as the owner in that epoch does. */
  async listen(streamSid: StreamSid, epoch: number): Promise<WorkerChannel> {
    const channel = await this.#frames.workerEnd(streamSid, epoch);
    const frames: EdgeToWorker[] = [];
    this.#ends.push({streamSid, epoch, channel, frames});
    channel.onFrame(frame => {
      frames.push(frame);
      this.arrived.push(frame.kind);
    });
    return channel;
  }

  /** The newest end in an epoch, of one stream or of any. */
  #end(epoch: number, streamSid?: StreamSid) {
    return this.#ends.findLast(end => end.epoch === epoch && (streamSid ?? end.streamSid) === end.streamSid);
  }

  say(frame: WorkerToEdge, epoch = 1, streamSid?: StreamSid): void {
    this.#end(epoch, streamSid)?.channel.send(frame);
  }

  /** Closes the worker's end of a channel, as a worker does that lets go of a call. */
  async leave(epoch: number): Promise<void> {
    await this.#end(epoch)?.channel[Symbol.asyncDispose]();
  }

  /** Claims a new call, as if the webhook had asked for it. */
  async own(callSid: CallSid, ticket?: Parameters<CallDirectory['claim']>[1]['ticket']): Promise<void> {
    await this.#directory.claim(callSid, {epoch: 0, owner: this.id, at: 0, ...(ticket ? {ticket} : {})});
  }

  /** What arrived in an epoch, in order. */
  heard(epoch = 1, streamSid?: StreamSid): readonly EdgeToWorker[] {
    return this.#end(epoch, streamSid)?.frames ?? [];
  }

  /** The audio that arrived in an epoch, frame by frame, however many came in one message. */
  audio(epoch = 1, streamSid?: StreamSid): string[] {
    return this.heard(epoch, streamSid).flatMap(frame => {
      if (frame.kind !== 'audio') return [];
      const bytes = Buffer.from(frame.payload, 'base64');
      const frames = Math.ceil(bytes.length / FRAME_BYTES);
      return Array.from({length: frames}, (_, place) =>
        bytes.subarray(place * FRAME_BYTES, (place + 1) * FRAME_BYTES).toString('base64'),
      );
    });
  }

  kinds(epoch = 1, streamSid?: StreamSid): string[] {
    const kinds = this.heard(epoch, streamSid).map(frame => frame.kind);
    return kinds.filter(kind => kind !== 'counted');
  }

  kill = () => this.#mortal.kill();
  hang = () => this.#mortal.hang();
  wake = () => this.#mortal.wake();

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
