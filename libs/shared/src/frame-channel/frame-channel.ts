import type {EdgeToWorker} from '../protocol/edge-to-worker.ts';
import type {StreamSid} from '../protocol/ids.ts';
import type {WorkerToEdge} from '../protocol/worker-to-edge.ts';
import type {Millis} from '../time.ts';
import type {ByteRing} from './byte-ring.ts';

/** Why a channel has ended. `fenced`: the other side is in a newer epoch, so another process has replaced this one. */
export type Closed = {readonly why: 'closedHere' | 'closedThere' | 'fenced'; readonly epoch?: number};

/** What a channel counts. Durations in milliseconds. */
export interface ChannelCounts {
  readonly sent: number;
  readonly received: number;
  /** Frames that arrived more than once; they are delivered once. */
  readonly duplicates: number;
  /** Frames that were sent again because the other side asked for them. */
  readonly resent: number;
  /** Frames of the other side that will never arrive. */
  readonly lost: number;
  /** Frames of another epoch, ignored. */
  readonly stale: number;
  /**
   * Packets that no process of ours sends: numbered far ahead, more of them early than an outage explains, or with
   * something else in them than a frame.
   */
  readonly refused: number;
  /** The other side has confirmed so many of the frames that were sent, from the first one on. */
  readonly confirmed: number;
  /** Frames we sent that the other side has not confirmed yet. */
  readonly unconfirmed: number;
  /** Half the last round trip between the two ends; undefined until one was measured. */
  readonly hopMs: Millis | undefined;
}

/**
 * One stream's ordered, two-way flow of frames between its edge and its worker, in one epoch. What arrives is complete
 * and in order, or `counts().lost` says how much is missing.
 */
export interface FrameChannel<Out, In> extends AsyncDisposable {
  /** Never waits. While the other side is unreachable, audio older than 10 s is dropped; control frames never are. */
  send(frame: Out): void;
  /**
   * At most one listener; frames that arrive before it is set are kept in order. `sentAt`: when the copy that arrived
   * was sent, on the other side's monotonic clock, which wraps every 4.9 days; undefined if unknown. A frame may be
   * older than that, because it waits until there is a listener.
   */
  onFrame(listener: (frame: In, sentAt?: Millis) => void): void;
  counts(): ChannelCounts;
  /** When the other side last gave a sign of life on this channel; undefined before the first. */
  lastSeenAt(): Millis | undefined;
  /** Resolves at the first sign of life of the other side on this channel; never, if there is none. */
  readonly met: Promise<void>;
  readonly closed: Promise<Closed>;
  /** Closes at once: what the other side has not confirmed is not sent any more, because nobody is there. Idempotent. */
  drop(): void;
  /** Waits up to a second until the other side has confirmed everything, then closes. Idempotent. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Audio of the caller: base64 μ-law as text in `bytes`, from `from` up to, but not including, `to`; valid during the call
 * only. `timestamp`: on the clock of the stream, in milliseconds. `sentAt`: as for `onFrame`.
 */
export type OnCallerAudio = (timestamp: Millis, bytes: Buffer, from: number, to: number, sentAt?: Millis) => void;

/** Audio of the assistant, in the same form, and the mark to send after it, which may be empty. */
export type OnAssistantAudio = (mark: string, bytes: Buffer, from: number, to: number) => void;

/** The two ways in which audio crosses without a frame object, fifty times a second and call. */
export interface EdgeChannel extends FrameChannel<EdgeToWorker, WorkerToEdge> {
  /** As `send` of an `audio` frame whose payload is this text. Copies it before it returns. */
  sendAudio(timestamp: Millis, bytes: Buffer, from: number, to: number): void;
  /** The same with a text that is in the `audio` ring of the options. */
  sendKept(timestamp: Millis, position: number, length: number): void;
  /** The position in the ring of the oldest audio that may have to be sent again: from there on nothing may be released. */
  readonly oldestAudio: number;
  /**
   * Audio goes to this listener, in order with the frames of `onFrame`. Set it before `onFrame`. Without it audio is a
   * frame like the others.
   */
  onAudio(listener: OnAssistantAudio): void;
}

/**
 * What was sent at `since` or later does not reach the other side; undefined: all of it has. What has reached it since the
 * last call had left at `leftAt`. Both on the monotonic clock of this process. `gaveUp`: audio among it is too old to be sent
 * again, and never arrives.
 */
export type OnUndelivered = (since: Millis | undefined, leftAt: Millis, gaveUp: boolean) => void;

export interface WorkerChannel extends FrameChannel<WorkerToEdge, EdgeToWorker> {
  /** As `onAudio` of an `EdgeChannel`. */
  onAudio(listener: OnCallerAudio): void;
  /** Called when this changes; after 300 ms without a confirmation nothing is taken to arrive. At most one listener. */
  onUndelivered(listener: OnUndelivered): void;
}

export interface EndOptions {
  /**
   * A message says that it comes from a newer owner of the call, which anybody who can publish may say. The channel goes on, and
   * who opened it finds out. Without it the channel ends, as fenced.
   */
  readonly newerOwner?: () => void;
}

export interface EdgeEndOptions extends EndOptions {
  /** Where the caller's audio is kept, and released by its owner; a ring of the channel's own if not given. */
  readonly audio?: ByteRing;
  /** A message had no receiver, which is the first sign that the worker is dead. */
  readonly undelivered?: () => void;
  /** The worker at the other end. The messages of all its channels together show soon enough that it is dead. */
  readonly worker?: string;
}

/** Opens the two ends; both processes must name the same stream and epoch. */
export interface FrameChannels {
  edgeEnd(streamSid: StreamSid, epoch: number, options?: EdgeEndOptions): Promise<EdgeChannel>;
  workerEnd(streamSid: StreamSid, epoch: number, options?: EndOptions): Promise<WorkerChannel>;
  /**
   * A worker will open its end of this stream in a moment, and then need not wait for Redis. What comes before that is
   * dropped: an edge sends nothing in an epoch before its owner has said that it has the call. Returns what ends the waiting,
   * to be called in any case; an end that was opened meanwhile goes on. Never throws.
   */
  expectStream(streamSid: StreamSid): () => void;
}
