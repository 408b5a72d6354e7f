import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {FrameChannels, WorkerChannel} from '@voicebridge/shared/frame-channel/frame-channel.ts';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import type {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {WorkerToEdge} from '@voicebridge/shared/protocol/worker-to-edge.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';

/** An edge says something each second. One that is silent for so long, while Redis is well, is dead. */
const EDGE_SILENT_AFTER: Millis = 8_000;

export interface CallerStreamDeps {
  readonly callSid: CallSid;
  readonly channels: FrameChannels;
  readonly clock: Clock;
  readonly log: Log;
  readonly onFrame: (frame: EdgeToWorker, epoch: number) => void;
  /** Somebody newer has our place on the channel. */
  readonly onFenced: () => void;
  /** A stream is over for us; this is what its channel can prove, and what its edge told. */
  readonly onClosed: (counts: StreamCounts) => void;
}

/** Frames of one stream. `lostDown` and `malformed` only the edge knows. */
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
  /** Its edge gave no sign of life for too long. */
  silent: boolean;
  /** Its edge said that it is over, and has nothing more to say. */
  ended: boolean;
  reported: Pick<StreamCounts, 'lostDown' | 'malformed'>;
}

interface Attached {
  readonly streamSid: StreamSid;
  readonly edge: ProcessId;
  readonly epoch: number;
  readonly done: Promise<void>;
}

/** The caller's streams, one after the other, as the worker of the call hears them. The newest one wins. */
export class CallerStream {
  readonly #deps: CallerStreamDeps;
  #attached: Attached | undefined;
  #open: OpenStream | undefined;
  #over = false;

  constructor(deps: CallerStreamDeps) {
    this.#deps = deps;
  }

  /** The newest stream that we were told of, as the directory writes it. */
  get entry(): CallEntry['stream'] {
    return this.#attached && {streamSid: this.#attached.streamSid, edge: this.#attached.edge};
  }

  get hopMs(): Millis | undefined {
    return this.#open?.channel.counts().hopMs;
  }

  send(frame: WorkerToEdge): void {
    this.#open?.channel.send(frame);
  }

  /** Listens to a stream; told twice about the same one, it listens once. False: this was not news. */
  attach(
    streamSid: StreamSid,
    edge: ProcessId,
    epoch: number,
  ): {readonly isNew: boolean; readonly done: Promise<void>} {
    const known = this.#attached;
    if (known?.streamSid === streamSid && known.epoch >= epoch) return {isNew: false, done: known.done};
    const done = this.#openStream(streamSid, edge, epoch);
    this.#attached = {streamSid, edge, epoch, done};
    return {isNew: true, done};
  }

  async #openStream(streamSid: StreamSid, edge: ProcessId, epoch: number): Promise<void> {
    const {channels, clock, callSid, onFrame, log, onFenced} = this.#deps;
    const channel = await channels.workerEnd(streamSid, epoch);
    // Over, or an even newer stream was faster.
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
      ended: false,
      reported,
    };
    this.#open = stream;
    if (before) this.#leave(before);
    channel.onFrame((sent, sentAt) => {
      if (this.#open !== stream) return;
      const frame = sent.kind === 'began' ? aged(sent, sentAt) : sent;
      const isBack = stream.silent && frame.kind !== 'began';
      stream.silent = false;
      stream.ended = frame.kind === 'ended';
      if (frame.kind === 'began') log.info({streamSid, edge, epoch}, 'caller heard');
      if (frame.kind === 'counted') stream.reported = {lostDown: frame.lost, malformed: frame.malformed};
      if (isBack) {
        // What waited for the edge will be said again from where the caller stopped hearing it: once is enough.
        channel.send({kind: 'clear'});
        onFrame({kind: 'began', callSid, streamSid, edge}, epoch);
      }
      onFrame(frame, epoch);
    });
    background(
      channel.closed.then(({why}) => why === 'fenced' && onFenced()),
      log,
      'watching the channel',
    );
  }

  /** Once a second: an edge that died says nothing, and nobody says it for it. */
  checkEdge(wellSince: Millis | undefined): void {
    const stream = this.#open;
    if (!stream || stream.silent || stream.ended) return;
    const {clock, log, onFrame} = this.#deps;
    const silentSince = Math.max(
      stream.channel.lastHeardAt() ?? stream.openedAt,
      wellSince ?? Number.POSITIVE_INFINITY,
    );
    if (clock.now() - silentSince < EDGE_SILENT_AFTER) return;
    stream.silent = true;
    log.warn({edge: stream.edge}, 'the edge of the call is silent');
    onFrame({kind: 'ended', why: 'lost'}, stream.epoch);
  }

  /** Lets the stream go, when all that was sent has arrived. */
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

type Began = Extract<EdgeToWorker, {kind: 'began'}>;
/** A clock of tenths of milliseconds in 32 bits. */
const CLOCK_MS = 2 ** 32 / 10;

/** What an edge said `at` a moment, as it was when that was sent: it had to wait until we listened. */
function aged({at, sinceStartMs, silentMs, ...began}: Began, sentAt: Millis | undefined): Began {
  if (at === undefined || sentAt === undefined || sinceStartMs === undefined) return {...began, sinceStartMs, silentMs};
  const waited = (sentAt - (at % CLOCK_MS) + CLOCK_MS) % CLOCK_MS;
  const more = waited < CLOCK_MS / 2 ? waited : 0; // rounded, it may even seem to be sent earlier
  return {...began, sinceStartMs: sinceStartMs + more, silentMs: silentMs === undefined ? undefined : silentMs + more};
}
