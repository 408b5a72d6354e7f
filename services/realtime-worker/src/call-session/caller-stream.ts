import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {FrameChannels, OnUndelivered, WorkerChannel} from '@voicebridge/shared/frame-channel/frame-channel.ts';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {WorkerToEdge} from '@voicebridge/shared/protocol/worker-to-edge.ts';
import {mediaUp} from '@voicebridge/shared/redis/keys.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {EdgeEvent} from '../events/call-event.ts';

/** An edge sends a frame at least once a second. Without any for this long, while Redis works, it counts as dead. */
const EDGE_SILENT_AFTER: Millis = 8_000;

export interface CallerStreamDeps {
  readonly callSid: CallSid;
  readonly channels: FrameChannels;
  readonly clock: Clock;
  readonly log: Log;
  /** A frame from the edge, or one that stands for an event on the channel (`began`, `ended`). */
  readonly onFrame: (frame: EdgeEvent, epoch: number) => void;
  /** Caller audio: base64 in `bytes`, from `from` up to, but not including, `to`; valid during the call only. */
  readonly onAudio: (timestamp: Millis, bytes: Buffer, from: number, to: number) => void;
  /** Whether what is sent reaches the edge. */
  readonly onUndelivered: OnUndelivered;
  /** A message on the channel says that the call has a newer owner. */
  readonly onNewerOwner: () => void;
  /** A stream was closed here. `counts`: what its channel counted, and what its edge reported. */
  readonly onClosed: (counts: StreamCounts) => void;
}

/** Frames of one stream. `lostDown` and `malformed` are counted by the edge. */
export interface StreamCounts {
  readonly up: number;
  readonly down: number;
  readonly lostUp: number;
  readonly lostDown: number;
  readonly duplicates: number;
  readonly malformed: number;
}

interface OpenStream {
  readonly channel: WorkerChannel;
  readonly streamSid: StreamSid;
  readonly edge: ProcessId;
  readonly epoch: number;
  readonly openedAt: Millis;
  /** No frame came from its edge for 8 s. */
  silent: boolean;
  /** What is sent does not reach its edge. */
  late: boolean;
  /** Its edge reported the end, so no more frames are expected. */
  ended: boolean;
  reported: Pick<StreamCounts, 'lostDown' | 'malformed'>;
}

interface Attached {
  readonly streamSid: StreamSid;
  readonly edge: ProcessId;
  readonly epoch: number;
  readonly done: Promise<void>;
}

/** The caller's stream as the owner of the call sees it. A newer stream replaces the one before. */
export class CallerStream {
  readonly #deps: CallerStreamDeps;
  #attached: Attached | undefined;
  #open: OpenStream | undefined;
  #over = false;

  constructor(deps: CallerStreamDeps) {
    this.#deps = deps;
  }

  /** The newest stream that was attached, as the directory stores it. */
  get entry(): CallEntry['stream'] {
    return this.#attached && {streamSid: this.#attached.streamSid, edge: this.#attached.edge};
  }

  /** One hop between edge and worker, half the round trip, in milliseconds; undefined until it was measured. */
  get hopMs(): Millis | undefined {
    return this.#open?.channel.counts().hopMs;
  }

  /** Resolves when anything has come on the open stream; at once while none is open. */
  get heard(): Promise<void> {
    return this.#open?.channel.met ?? Promise.resolve();
  }

  send(frame: WorkerToEdge): void {
    this.#open?.channel.send(frame);
  }

  /** Listens to a stream. Idempotent: `isNew` is false if it already listens to it in this epoch or a newer one. */
  attach(
    streamSid: StreamSid,
    edge: ProcessId,
    epoch: number,
  ): {readonly isNew: boolean; readonly done: Promise<void>} {
    const known = this.#attached;
    if (known?.streamSid === streamSid && known.epoch >= epoch) return {isNew: false, done: known.done};
    const done = this.#openStream(streamSid, edge, epoch);
    this.#attached = {streamSid, edge, epoch, done};
    // A channel that could not be opened is tried again when the edge asks again.
    done.catch(() => {
      if (this.#attached?.done === done) this.#attached = known;
    });
    return {isNew: true, done};
  }

  async #openStream(streamSid: StreamSid, edge: ProcessId, epoch: number): Promise<void> {
    const {channels, clock, onFrame, onAudio, onUndelivered, log, onNewerOwner} = this.#deps;
    const channel = await channels.workerEnd(streamSid, epoch, {newerOwner: onNewerOwner});
    // The call ended meanwhile, or a newer stream was attached first.
    if (this.#over || (this.#open?.epoch ?? 0) > epoch) return await channel[Symbol.asyncDispose]();
    const before = this.#open;
    const reported = {lostDown: 0, malformed: 0};
    const stream: OpenStream = {
      channel,
      streamSid,
      edge,
      epoch,
      openedAt: clock.now(),
      silent: false,
      late: false,
      ended: false,
      reported,
    };
    this.#open = stream;
    if (before) this.#leave(before);
    // A new channel begins without anything on its way.
    if (before?.late) onUndelivered(undefined, clock.now(), false);
    channel.onUndelivered((since, leftAt, gaveUp) => {
      if (this.#open !== stream) return;
      stream.late = since !== undefined;
      onUndelivered(since, leftAt, gaveUp);
    });
    channel.onAudio((timestamp, bytes, start, end) => {
      if (this.#open !== stream) return;
      if (stream.silent) this.#isBack(stream);
      stream.ended = false;
      onAudio(timestamp, bytes, start, end);
    });
    channel.onFrame((sent, sentAt) => {
      if (this.#open !== stream || sent.kind === 'audio') return;
      const frame = sent.kind === 'began' ? aged(sent, sentAt) : sent;
      if (stream.silent && frame.kind !== 'began') this.#isBack(stream);
      stream.silent = false;
      stream.ended = frame.kind === 'ended';
      if (frame.kind === 'began') log.info({streamSid, edge, epoch}, 'caller heard');
      if (frame.kind === 'counted') stream.reported = {lostDown: frame.lost, malformed: frame.malformed};
      onFrame(frame, epoch);
    });
    background(
      channel.closed.then(({why}) => why === 'fenced' && onNewerOwner()),
      log,
      'watching the channel',
    );
  }

  /** The edge of a stream is heard again. */
  #isBack(stream: OpenStream): void {
    const {channel, streamSid, edge, epoch} = stream;
    stream.silent = false;
    // The worker will send again what the caller did not hear. So drop what waited for the edge: not twice.
    channel.send({kind: 'clear'});
    this.#deps.onFrame({kind: 'began', callSid: this.#deps.callSid, streamSid, edge}, epoch);
  }

  /**
   * Called once a second: reports the stream as lost when its edge is silent. Nothing else reports a dead edge.
   * `wellSince`: as in `CallDeps`.
   */
  checkEdge(wellSince: (channel: string) => Millis | undefined): void {
    const stream = this.#open;
    if (!stream || stream.silent || stream.ended) return;
    const {clock, log, onFrame} = this.#deps;
    const well = wellSince(mediaUp(stream.streamSid)) ?? Number.POSITIVE_INFINITY;
    const silentSince = Math.max(stream.channel.lastSeenAt() ?? stream.openedAt, well);
    if (clock.now() - silentSince < EDGE_SILENT_AFTER) return;
    stream.silent = true;
    log.warn({edge: stream.edge}, 'the edge of the call is silent');
    onFrame({kind: 'ended', why: 'lost'}, stream.epoch);
  }

  /** Another process has the call: nothing more is sent. */
  drop(): void {
    this.#open?.channel.drop();
  }

  /** Closes the channel once everything that was sent has arrived. */
  close(): void {
    this.#over = true;
    const stream = this.#open;
    this.#open = undefined;
    if (stream) this.#dispose(stream);
  }

  #leave(stream: OpenStream): void {
    const {channel, streamSid, epoch} = stream;
    if (streamSid !== this.#open?.streamSid) {
      channel.send({kind: 'close', why: 'superseded'});
      this.#deps.onFrame({kind: 'ended', why: 'lost'}, epoch);
    }
    this.#dispose(stream);
  }

  #dispose({channel, reported}: OpenStream): void {
    const {received, sent, lost, duplicates} = channel.counts();
    this.#deps.onClosed({up: received, down: sent, lostUp: lost, duplicates, ...reported});
    background(channel[Symbol.asyncDispose](), this.#deps.log, 'closing a stream');
  }
}

type Began = Extract<EdgeEvent, {kind: 'began'}>;
/** The sender's clock on the wire: tenths of a millisecond in 32 bits. It wraps around after this many milliseconds. */
const CLOCK_MS = 2 ** 32 / 10;

/** Adds the time that a `began` frame waited for this worker to the durations in it. */
function aged({at, sinceStartMs, silentMs, ...began}: Began, sentAt: Millis | undefined): Began {
  if (at === undefined || sentAt === undefined || sinceStartMs === undefined) return {...began, sinceStartMs, silentMs};
  const waited = (sentAt - (at % CLOCK_MS) + CLOCK_MS) % CLOCK_MS;
  const more = waited < CLOCK_MS / 2 ? waited : 0; // after rounding, `sentAt` can be before `at`
  return {...began, sinceStartMs: sinceStartMs + more, silentMs: silentMs === undefined ? undefined : silentMs + more};
}
