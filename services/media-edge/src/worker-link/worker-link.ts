import type {CallDirectory, ServedCall} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {EdgeChannel, FrameChannels} from '@voicebridge/shared/frame-channel/frame-channel.ts';
import {background, logFirstFailure, type Log} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {Owned} from '@voicebridge/shared/fleet/assign-call.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import type {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {WorkerToEdge} from '@voicebridge/shared/protocol/worker-to-edge.ts';
import {retryUntilAborted, sleep, type Retried} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {ReplayBuffer} from './replay-buffer.ts';
import {ChannelMetrics} from './channel-metrics.ts';
import {coalesceAudio} from './coalesce-audio.ts';
import type {Workers} from './workers.ts';
import {ReassignmentLimit, SETTLED_MS} from './reassignment-limit.ts';

export interface WorkerLinkDeps {
  /** This edge. */
  readonly id: ProcessId;
  readonly directory: Pick<CallDirectory, 'read'>;
  readonly channels: Pick<FrameChannels, 'edgeEnd'>;
  readonly desk: Workers;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Why nobody is served any more. `superseded`: a newer stream has the call. `abandoned`: no worker takes it. */
export type LinkOver = 'ended' | 'superseded' | 'abandoned';

/** Why one owner's time may be over. `left`: it does not have the call any more, whether it lives or not. */
interface Change {
  readonly why: 'ended' | 'dead' | 'left';
  readonly at: Millis;
}

interface OpenChannel {
  readonly end: EdgeChannel;
  readonly meter: ChannelMetrics;
  open: boolean;
  /** What its owner says is passed on at once, or kept while it is in doubt whether it still is the owner. */
  trusted: boolean;
  held: WorkerToEdge[];
}

/** How long somebody is looked for before the caller is left to the webhook. */
const SEARCH_MS = 10_000;
/** An owner that is alive, but does not say yes to a stream for so long, does not have the call. */
const INTRODUCE_MS = 3_000;
/** An owner who took the call gives a sign of life at once; after so long without any it is asked. */
const UNHEARD_MS = 500;

/**
 * The line from one stream to whoever owns its call, across changes of owner. What the caller says while nobody
 * listens waits here, and a new owner is told the last seconds again.
 *
 *   owner ──dead: another worker is asked──> owner, epoch + 1 ──hands the call over──> owner, epoch + 2 …
 *
 * Only the newest owner is ever listened to.
 */
export class WorkerLink {
  readonly stream: {readonly callSid: CallSid; readonly streamSid: StreamSid};
  readonly #deps: WorkerLinkDeps;
  readonly #hear: (frame: WorkerToEdge) => void;
  readonly #ring = new ReplayBuffer();
  readonly #rule = new ReassignmentLimit();
  readonly #ended = Promise.withResolvers<Change>();
  readonly #stop = new AbortController();
  #channel: OpenChannel | undefined;
  /** Frames at the end of the ring that no channel was there to take. */
  #unsent = 0;
  #epoch = 0;
  #owner: ProcessId | undefined;
  readonly #startedAt: Millis;
  /** The last sign of life of an owner, whoever that was. */
  #heardAt: Millis | undefined;
  /** Messages nobody could use: all there were, and those that an owner before was told of. */
  #malformed = 0;
  #malformedBefore = 0;

  constructor(
    stream: {readonly callSid: CallSid; readonly streamSid: StreamSid},
    deps: WorkerLinkDeps,
    hear: (frame: WorkerToEdge) => void,
  ) {
    this.stream = stream;
    this.#deps = deps;
    this.#hear = hear;
    this.#startedAt = deps.clock.now();
  }

  /** Of the owner that is served now; 0 before the first. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Who is served now. */
  get owner(): ProcessId | undefined {
    return this.#owner;
  }

  /** For the owner, and for its successor if it needs to know. Never waits. */
  send(frame: EdgeToWorker): void {
    this.#ring.push(frame, this.#deps.clock.now());
    if (this.#channel?.open) this.#channel.end.send(frame);
    else this.#unsent += 1;
  }

  /** Tells the owner what only the edge can count. `malformed`: of the whole stream. */
  count({malformed, bufferedBytes}: {readonly malformed: number; readonly bufferedBytes: number}): void {
    this.#malformed = malformed;
    if (!this.#channel?.open) return;
    const {lost} = this.#channel.end.counts();
    this.#channel.end.send({kind: 'counted', malformed: malformed - this.#malformedBefore, lost, bufferedBytes});
  }

  /** The stream is over: the owner is told, and let go. */
  end(why: Extract<EdgeToWorker, {kind: 'ended'}>['why']): void {
    this.send({kind: 'ended', why});
    this.#ended.resolve({why: 'ended', at: this.#deps.clock.now()});
    this.#stop.abort();
  }

  /** Puts the figures of the line into the metrics; call it once a second. */
  measure(): void {
    this.#channel?.meter.measure();
  }

  /** Serves the owners of a call, one after the other, until `end`, or until there is none. Resolves when all is told. */
  async run(first: ServedCall): Promise<LinkOver> {
    let call = first;
    await this.#open({call});
    let introduced = this.#introduce(call, 0);
    for (;;) {
      const change = await this.#change(call, introduced);
      this.#doubt();
      const next = change.why === 'ended' ? 'ended' : await this.#successor(call, change);
      if (next === 'same') {
        this.#trust();
        continue;
      }
      if (typeof next === 'string') return this.#letGo(next);
      call = next.call;
      await this.#open(next);
      introduced = this.#introduce(call, UNHEARD_MS);
      background(this.#accepted(change.at), this.#deps.log, 'measure a change of owner');
    }
  }

  /** Opens a channel in the call's epoch and says again what its owner must know. */
  async #open({call, settledMs}: Owned): Promise<void> {
    const {streamSid} = this.stream;
    const {id, channels, log, metrics} = this.#deps;
    const opened = await this.#retry('open frame channel', () => channels.edgeEnd(streamSid, call.epoch));
    if (!opened.ok) return;
    const end = opened.result;
    const before = this.#channel;
    const unconfirmed = (before?.end.counts().unconfirmed ?? 0) + this.#unsent;
    const channel: OpenChannel = {end, meter: new ChannelMetrics(end, metrics), open: true, trusted: true, held: []};
    background(
      end.closed.then(() => (channel.open = false)),
      log,
      'frame channel',
    );
    this.#channel = channel;
    this.#unsent = 0;
    this.#epoch = call.epoch;
    this.#owner = call.owner;
    this.#heardAt = before?.end.lastHeardAt() ?? this.#heardAt;
    if (before) this.#malformedBefore = this.#malformed;
    end.send({kind: 'began', ...this.stream, edge: id, ...this.#soFar()});
    for (const frame of coalesceAudio(this.#ring.since({unconfirmed, settledMs}))) end.send(frame);
    end.onFrame(frame => {
      if (channel.trusted) this.#hear(frame);
      else channel.held.push(frame);
    });
    before?.meter.measure();
    if (before) background(before.end[Symbol.asyncDispose](), log, 'close the channel of an older epoch');
  }

  #soFar(): Pick<Extract<EdgeToWorker, {kind: 'began'}>, 'at' | 'sinceStartMs' | 'silentMs'> {
    const at = this.#deps.clock.now();
    const sinceStartMs = Math.round(at - this.#startedAt);
    const silent = this.#heardAt === undefined ? {} : {silentMs: Math.round(at - this.#heardAt)};
    return {at, sinceStartMs, ...silent};
  }

  /** From now on the owner is heard by nobody, until it is certain that it still is the owner. */
  #doubt(): void {
    if (this.#channel) this.#channel.trusted = false;
  }

  #trust(): void {
    if (!this.#channel) return;
    this.#channel.trusted = true;
    for (const frame of this.#channel.held.splice(0)) this.#hear(frame);
  }

  /**
   * Tells an owner that the stream is here; one who took the call knows it already, and is only told if it says nothing
   * for `patience`. Resolves only if it does not have the call.
   */
  async #introduce(call: ServedCall, patience: Millis): Promise<Change> {
    const {clock, desk} = this.#deps;
    if (patience > 0) {
      await sleep(clock, patience, this.#stop.signal);
      if (this.#stop.signal.aborted || this.#epoch !== call.epoch) return new Promise(() => {});
      if (this.#channel?.end.lastHeardAt() !== undefined) return new Promise(() => {});
    }
    const since = clock.now();
    // Once at least: the owner must hear of a caller who is gone already.
    do {
      const answer = await desk.introduce(call, this.stream.streamSid);
      if (answer === 'yes' || this.#channel?.end.lastHeardAt() !== undefined) break;
      const at = clock.now();
      if (answer === 'taken' || answer === 'unknown') return {why: 'left', at};
      if (at - since >= INTRODUCE_MS && at - (desk.wellSince() ?? at) >= SETTLED_MS) return {why: 'left', at};
      await sleep(clock, 50, this.#stop.signal);
    } while (!this.#stop.signal.aborted && this.#epoch <= call.epoch);
    return new Promise(() => {});
  }

  /** Waits until the owner's time may be over. */
  async #change(call: ServedCall, introduced: Promise<Change>): Promise<Change> {
    const {clock, desk} = this.#deps;
    const dead = Promise.withResolvers<Change>();
    const cancel = desk.whenDead(call.owner, () => dead.resolve({why: 'dead', at: clock.now()}));
    const left = this.#channel?.end.closed.then((): Change => ({why: 'left', at: clock.now()}));
    try {
      return await Promise.race([this.#ended.promise, dead.promise, introduced, ...(left ? [left] : [])]);
    } finally {
      cancel();
    }
  }

  /** Who has the call now, or takes it. `same`: its owner was only thought to be dead. */
  async #successor(call: ServedCall, change: Change): Promise<Owned | 'same' | LinkOver> {
    const {clock, log} = this.#deps;
    const until = clock.now() + SEARCH_MS;
    for (let wait = 20; clock.now() < until; wait = Math.min(wait * 2, 320)) {
      const next = await this.#next(call, change);
      if (this.#stop.signal.aborted) return 'ended';
      if (typeof next === 'string') return next;
      if (next) {
        const {owner, epoch, stream} = next.call;
        log.warn({before: call.owner, worker: owner, epoch, why: change.why}, 'call has a new owner');
        return stream?.streamSid === this.stream.streamSid ? next : 'superseded';
      }
      await sleep(clock, wait, this.#stop.signal);
      if (this.#stop.signal.aborted) return 'ended';
    }
    log.error({worker: call.owner}, 'no worker takes the call');
    return 'abandoned';
  }

  async #next(call: ServedCall, {why}: Change): Promise<Owned | 'same' | 'ended' | undefined> {
    const {desk, directory} = this.#deps;
    // At once, and without a look at the directory: whoever was faster, or the end of the call, makes the claim fail.
    const taken = why === 'dead' && !desk.alive(call.owner) ? await this.#reassign(call) : undefined;
    if (taken) return taken;
    const read = await this.#retry('read call', () => directory.read(this.stream.callSid));
    const known = read.ok ? read.result : undefined;
    if (known?.state === 'ended') return 'ended';
    if (known && known.epoch > call.epoch) return {call: known};
    if (why === 'dead') return known && desk.alive(call.owner) ? 'same' : undefined;
    return await this.#reassign(call);
  }

  async #reassign({owner, epoch, assistant, facts}: ServedCall): Promise<Owned | undefined> {
    const {id, clock, desk} = this.#deps;
    if (!this.#rule.allows(desk.linkedSince(), clock.now())) return undefined;
    const {callSid, streamSid} = this.stream;
    const stream = {streamSid, edge: id};
    const request = {callSid, epoch, assistant, facts, cause: 'worker-lost', stream, exclude: [owner]} as const;
    const owned = await desk.pin(request);
    if (owned) this.#rule.moved(clock.now());
    return owned;
  }

  /** Measures how long it took from a death until the new owner showed that it hears the caller. */
  async #accepted(diedAt: Millis): Promise<void> {
    const {clock, metrics} = this.#deps;
    const channel = this.#channel;
    while (!this.#stop.signal.aborted && clock.now() - diedAt < SEARCH_MS) {
      if (channel?.end.lastHeardAt() !== undefined)
        return metrics.takeoverSeconds.observe((clock.now() - diedAt) / 1_000);
      await sleep(clock, 5, this.#stop.signal);
    }
  }

  async #letGo(over: LinkOver): Promise<LinkOver> {
    this.#stop.abort();
    this.#channel?.meter.measure();
    await this.#channel?.end[Symbol.asyncDispose]();
    return over;
  }

  #retry<Result>(what: string, work: () => Promise<Result>): Promise<Retried<Result>> {
    const {clock, log} = this.#deps;
    return retryUntilAborted(work, {clock, signal: this.#stop.signal, onFailure: logFirstFailure(log, what)});
  }
}
