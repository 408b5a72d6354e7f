import {setImmediate} from 'node:timers/promises';
import type {CallDirectory, ServedCall} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {EdgeChannel, FrameChannels, OnAssistantAudio} from '@voicebridge/shared/frame-channel/frame-channel.ts';
import {background, logFirstFailure, type Log} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {Owned} from '@voicebridge/shared/fleet/assign-call.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import type {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {WorkerToEdge} from '@voicebridge/shared/protocol/worker-to-edge.ts';
import {retryUntilAborted, sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {CallerHistory} from './caller-history.ts';
import {ChannelMetrics} from './channel-metrics.ts';
import {ReassignmentLimit, SETTLED_MS} from './reassignment-limit.ts';
import {findSuccessor, type LinkOver, type OwnerLoss} from './successor.ts';
import type {Workers} from './workers.ts';

export interface WorkerLinkDeps {
  /** This edge. */
  readonly id: ProcessId;
  readonly directory: Pick<CallDirectory, 'read'>;
  readonly channels: Pick<FrameChannels, 'edgeEnd'>;
  readonly workers: Workers;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Gets everything that the owner sends, complete and in order. */
export interface LinkListener {
  onFrame(frame: Exclude<WorkerToEdge, {kind: 'audio'}>): void;
  readonly onAudio: OnAssistantAudio;
}

/** The stream has ended, or its owner may have lost the call. `at`: on the monotonic clock. */
interface Change {
  readonly why: 'ended' | OwnerLoss;
  readonly at: Millis;
}

interface OpenChannel {
  readonly end: EdgeChannel;
  readonly meter: ChannelMetrics;
  open: boolean;
  /** Whether frames of the owner are passed on at once. False while it is not certain that it still has the call. */
  trusted: boolean;
  /** Frames that came while the owner was not trusted. */
  held: WorkerToEdge[];
}

/** Whether there is a newer owner is looked up at most this often. */
const CLAIM_LOOKS_MS: Millis = 200;
/** An owner that does not accept a stream for this long, although Redis works, probably does not have the call. */
const ATTACH_MS: Millis = 3_000;
/** An owner that took the call knows of the stream. If nothing is received from it for this long, it is asked. */
const UNHEARD_MS: Millis = 500;
/** The owner has the stream. */
const ACCEPTED: Promise<undefined> = Promise.resolve(undefined);

/**
 * The link from one stream to the worker that owns its call, across changes of owner. It keeps what the caller said while
 * no owner listens, and replays the last seconds to a new owner.
 *
 *   owner ──dead: another worker takes over──> owner, epoch + 1 ──hands the call over──> owner, epoch + 2 …
 *
 * Frames are accepted from the newest owner only.
 */
export class WorkerLink {
  readonly stream: {readonly callSid: CallSid; readonly streamSid: StreamSid};
  readonly #deps: WorkerLinkDeps;
  readonly #listener: LinkListener;
  readonly #history = new CallerHistory();
  readonly #limit = new ReassignmentLimit();
  /** Aborts when the stream has ended. */
  readonly #stop = new AbortController();
  readonly #startedAt: Millis;
  #channel: OpenChannel | undefined;
  #epoch = 0;
  /** When any owner was last heard; undefined before the first. */
  #ownerSeenAt: Millis | undefined;
  /** The mark behind the last audio that Twilio was given and no clear has dropped. */
  #sentMark: string | undefined;
  /** Unusable messages of the whole stream, and how many of them were reported to earlier owners. */
  #malformed = 0;
  #malformedBefore = 0;
  /** When a message last said that the call has a newer owner; and what waits for the next one. */
  #claimedAt: Millis = Number.NEGATIVE_INFINITY;
  #onClaimed: () => void = () => {};

  constructor(
    stream: {readonly callSid: CallSid; readonly streamSid: StreamSid},
    deps: WorkerLinkDeps,
    listener: LinkListener,
  ) {
    this.stream = stream;
    this.#deps = deps;
    this.#listener = listener;
    this.#startedAt = deps.clock.now();
  }

  /** Of the current owner; 0 before the first. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Sends to the owner, and keeps the frame for its successor. Never waits. */
  send(frame: Exclude<EdgeToWorker, {kind: 'audio'}>): void {
    const end = this.#channel?.open ? this.#channel.end : undefined;
    end?.send(frame);
    const number = end?.counts().sent ?? 0;
    const isConfirmed = () => end !== undefined && end.counts().confirmed >= number;
    this.#history.addControl(frame, this.#deps.clock.now(), isConfirmed);
  }

  /** The same for audio of the caller: base64 μ-law as text in `bytes`, from `from` up to, but not including, `to`. */
  sendAudio(timestamp: Millis, bytes: Buffer, from: number, to: number): void {
    const end = this.#channel?.open ? this.#channel.end : undefined;
    const position = this.#history.addAudio(timestamp, bytes, from, to, this.#deps.clock.now());
    end?.sendKept(timestamp, position, to - from);
    this.#history.release(end?.oldestAudio ?? this.#history.ring.end);
  }

  /** Whether the caller has made a sound since `at` that may be a word; no longer ago than the window of a replay. */
  callerSpokeSince(at: Millis): boolean {
    return this.#history.isLoudSince(at);
  }

  /** Sends the owner the figures that only the edge can count. `malformed`: of the whole stream. */
  count({malformed, bufferedBytes}: {readonly malformed: number; readonly bufferedBytes: number}): void {
    this.#malformed = malformed;
    if (!this.#channel?.open) return;
    const {lost} = this.#channel.end.counts();
    this.#channel.end.send({kind: 'counted', malformed: malformed - this.#malformedBefore, lost, bufferedBytes});
  }

  /** Ends the stream and sends the owner why. */
  end(why: Extract<EdgeToWorker, {kind: 'ended'}>['why']): void {
    this.send({kind: 'ended', why});
    this.#stop.abort();
  }

  /** Adds the counts of the channel to the metrics; to be called once a second. */
  measure(): void {
    this.#channel?.meter.measure();
  }

  /** Serves one owner of the call after the other. Resolves after `end`, or when there is no owner, with why. */
  async run(first: ServedCall): Promise<LinkOver> {
    const {id, directory, workers, clock, log} = this.#deps;
    const isHeard = () => this.#isHeard();
    const search = {id, directory, workers, isHeard, clock, log, stream: this.stream, limit: this.#limit};
    let call = first;
    await this.#open({call});
    let rejected = this.#attach(call, 0);
    for (;;) {
      const change = await this.#change(call, rejected);
      this.#distrust();
      if (change.why === 'ended') return this.#close('ended');
      const next = await findSuccessor(call, change.why, {...search, signal: this.#stop.signal});
      if (next.kind === 'over') return this.#close(next.why);
      if (next.kind === 'same') {
        this.#trust();
        if (change.why === 'silent') rejected = ACCEPTED;
        continue;
      }
      call = next.call;
      await this.#open(next);
      rejected = this.#attach(call, UNHEARD_MS);
      this.#measureTakeover(change.at);
    }
  }

  /** Opens a channel in the epoch of the call, and sends its owner the beginning and what must be replayed. */
  async #open({call, settledMs, digits}: Owned): Promise<void> {
    const {streamSid} = this.stream;
    const {id, channels, workers, clock, log, metrics} = this.#deps;
    const {owner} = call;
    const options = {
      audio: this.#history.ring,
      worker: owner,
      undelivered: () => workers.noReceiver(owner),
      newerOwner: () => this.#claimed(),
    };
    const opened = await retryUntilAborted(() => channels.edgeEnd(streamSid, call.epoch, options), {
      clock,
      signal: this.#stop.signal,
      onFailure: logFirstFailure(log, 'open frame channel'),
    });
    if (!opened.ok) return;
    const end = opened.result;
    const before = this.#channel;
    const channel: OpenChannel = {end, meter: new ChannelMetrics(end, metrics), open: false, trusted: true, held: []};
    this.#channel = channel;
    this.#epoch = call.epoch;
    this.#ownerSeenAt = before?.end.lastSeenAt() ?? this.#ownerSeenAt;
    if (before) this.#malformedBefore = this.#malformed;
    const sent = this.#sentMark === undefined ? {} : {sent: this.#sentMark};
    end.send({kind: 'began', ...this.stream, edge: id, ...this.#elapsed(), ...sent});
    end.onAudio((mark, bytes, from, to) => {
      if (channel.trusted) this.#handAudio(mark, bytes, from, to);
      else channel.held.push({kind: 'audio', mark, payload: bytes.toString('latin1', from, to)});
    });
    end.onFrame(frame => {
      if (channel.trusted) this.#hand(frame);
      else channel.held.push(frame);
    });
    before?.meter.measure();
    // What the owner before did not confirm is on its way to this one: nothing is flushed to a dead or fenced process.
    before?.end.drop();
    // The others that lost the same worker begin before the seconds of this caller, which take a while to be read.
    if (before) await setImmediate();
    for (const frame of this.#history.since({settledMs, digits})) end.send(frame);
    channel.open = true;
    background(
      end.closed.then(() => (channel.open = false)),
      log,
      'frame channel',
    );
  }

  #claimed(): void {
    const at = this.#deps.clock.now();
    if (at - this.#claimedAt < CLAIM_LOOKS_MS) return;
    this.#claimedAt = at;
    this.#onClaimed();
  }

  #elapsed(): Pick<Extract<EdgeToWorker, {kind: 'began'}>, 'at' | 'sinceStartMs' | 'silentMs'> {
    const at = this.#deps.clock.now();
    const sinceStartMs = Math.round(at - this.#startedAt);
    const silent = this.#ownerSeenAt === undefined ? {} : {silentMs: Math.round(at - this.#ownerSeenAt)};
    return {at, sinceStartMs, ...silent};
  }

  /** Holds the frames of the owner back until it is certain that it still has the call. */
  #distrust(): void {
    if (this.#channel) this.#channel.trusted = false;
  }

  #trust(): void {
    if (!this.#channel) return;
    this.#channel.trusted = true;
    for (const frame of this.#channel.held.splice(0)) this.#hand(frame);
  }

  #hand(frame: WorkerToEdge): void {
    if (frame.kind === 'clear') this.#sentMark = undefined;
    if (frame.kind !== 'audio') return this.#listener.onFrame(frame);
    const bytes = Buffer.from(frame.payload, 'latin1');
    this.#handAudio(frame.mark, bytes, 0, bytes.length);
  }

  #handAudio(mark: string, bytes: Buffer, from: number, to: number): void {
    if (mark !== '') this.#sentMark = mark;
    this.#listener.onAudio(mark, bytes, from, to);
  }

  /**
   * Tells the owner of the call that the stream is here. An owner that took the call knows that, and is asked only if
   * nothing is received from it for `unheardMs`. Resolves with a change if the owner does not have the call; with
   * undefined if it has, or if it was replaced or the stream has ended meanwhile.
   */
  async #attach(call: ServedCall, unheardMs: Millis): Promise<Change | undefined> {
    const {clock, workers} = this.#deps;
    const {signal} = this.#stop;
    if (unheardMs > 0) {
      await sleep(clock, unheardMs, signal);
      if (signal.aborted || this.#epoch !== call.epoch || this.#isHeard()) return undefined;
    }
    const since = clock.now();
    // At least once: the owner must also learn of a caller who has hung up already.
    do {
      const answer = await workers.attach(call, this.stream.streamSid);
      if (answer === 'yes' || this.#isHeard()) return undefined;
      const at = clock.now();
      if (answer === 'taken' || answer === 'unknown') return {why: 'left', at};
      if (at - since >= ATTACH_MS && at - (workers.wellSince() ?? at) >= SETTLED_MS) return {why: 'silent', at};
      await sleep(clock, 50, signal);
    } while (!signal.aborted && this.#epoch <= call.epoch);
    return undefined;
  }

  /** Whether anything was received on the current channel. */
  #isHeard(): boolean {
    return this.#channel?.end.lastSeenAt() !== undefined;
  }

  /** Waits until the stream ends or the owner may have lost the call. `rejected`: what `#attach` found out. */
  async #change(call: ServedCall, rejected: Promise<Change | undefined>): Promise<Change> {
    const {clock, workers} = this.#deps;
    const {signal} = this.#stop;
    const {promise, resolve, reject} = Promise.withResolvers<Change>();
    const changed = (why: Change['why']) => resolve({why, at: clock.now()});
    const ended = () => changed('ended');
    if (signal.aborted) ended();
    signal.addEventListener('abort', ended);
    const cancel = workers.onDead(call.owner, () => changed('dead'));
    this.#onClaimed = () => changed('claimed');
    rejected.then(change => change && resolve(change), reject);
    this.#channel?.end.closed.then(() => changed('left'), reject);
    try {
      return await promise;
    } finally {
      cancel();
      this.#onClaimed = () => {};
      signal.removeEventListener('abort', ended);
    }
  }

  /** Measures the time from the loss of an owner until the first frame of the new one. */
  #measureTakeover(lostAt: Millis): void {
    const {clock, metrics, log} = this.#deps;
    const measure = () => metrics.takeoverSeconds.observe((clock.now() - lostAt) / 1_000);
    if (this.#channel) background(this.#channel.end.met.then(measure), log, 'measure a change of owner');
  }

  async #close(over: LinkOver): Promise<LinkOver> {
    this.#stop.abort();
    this.#channel?.meter.measure();
    await this.#channel?.end[Symbol.asyncDispose]();
    return over;
  }
}
