import type {CallDirectory, CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {EndReason} from '@voicebridge/shared/call-record.ts';
import {unreachable} from '@voicebridge/shared/errors.ts';
import type {FrameChannels, WorkerChannel} from '@voicebridge/shared/frame-channel/frame-channel.ts';
import {background, type Log} from '@voicebridge/shared/log.ts';
import type {Metrics} from '@voicebridge/shared/metrics.ts';
import type {ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {every, type Cancel, type Clock, type Millis} from '@voicebridge/shared/time.ts';
import type {Assistant} from './assistant.ts';
import {CallCore, type CallEvent} from './call-core.ts';
import type {CallEffect} from './call-effect.ts';
import {CallJournal} from './call-journal.ts';
import {restoreCall} from './call-restore.ts';
import type {JournalEntry} from './journal-entry.ts';
import type {ModelAdapter, ModelSession, SessionSettings} from './model-adapter.ts';
import {errorLabel} from './error-label.ts';
import {openedFact} from './opened-fact.ts';

export interface CallDeps {
  readonly worker: ProcessId;
  readonly channels: FrameChannels;
  readonly directory: CallDirectory;
  readonly adapter: ModelAdapter;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly streamGraceMs: Millis;
  readonly rotateAfterMs: Millis;
  readonly showTimingMath: boolean;
  /** Since when Redis has answered without a break, on the monotonic clock; undefined while it does not. */
  readonly wellSince: () => Millis | undefined;
  /** Asks another worker to take the call over; resolves when it has, or nobody would. */
  readonly handOver: (call: CallSession) => Promise<boolean>;
}

/** How a call of ours came to its end: `moved` when it goes on with another owner. */
export type CallOutcome =
  | {
      readonly how: 'ended';
      readonly reason: EndReason;
      readonly entries: readonly JournalEntry[];
      readonly epoch: number;
    }
  | {readonly how: 'moved'};

/** How long the other side of a stream is given to close it. */
const LEAVE_WITHIN: Millis = 2_000;
const COUNT_EVERY: Millis = 1_000;
/** What could not be done because of Redis, or because nobody was there, is tried again after this. */
const AGAIN_AFTER: Millis = 500;
/** An edge says something each second. One that is silent for so long, while Redis is well, is dead. */
const EDGE_SILENT: Millis = 8_000;

interface OpenStream {
  readonly channel: WorkerChannel;
  readonly streamSid: StreamSid;
  readonly edge: ProcessId;
  readonly epoch: number;
  readonly openedAt: Millis;
  /** Its edge gave no sign of life for too long. */
  silent: boolean;
}

interface Attached {
  readonly streamSid: StreamSid;
  readonly edge: ProcessId;
  readonly epoch: number;
  readonly done: Promise<void>;
}

/**
 * The story of one call on this worker: opens what `CallCore` wants opened, performs what it decides, and ends. The
 * core knows no socket and no timer; this knows no rule.
 */
export class CallSession {
  readonly #deps: CallDeps;
  readonly #assistant: Assistant;
  readonly #call: CallEntry;
  readonly #core: CallCore;
  readonly #journal: CallJournal;
  readonly #log: Log;
  readonly #outcome = Promise.withResolvers<CallOutcome>();
  readonly #cancels: Cancel[] = [];
  readonly #acceptedAt: Millis;
  #model: ModelSession;
  #spare: ModelSession | undefined;
  #stream: OpenStream | undefined;
  #timer: {readonly at: Millis; readonly cancel: Cancel} | undefined;
  #attached: Attached | undefined;
  #wellSince: Millis | undefined;
  #over = false;

  /** Resolves once; the call is over for this worker then, and everything it held is let go. */
  readonly outcome: Promise<CallOutcome> = this.#outcome.promise;

  /**
   * `model` is a session that is already being opened with `sessionSettings`; `entries` is the journal of the owners
   * before, empty for a new call.
   */
  constructor(
    deps: CallDeps,
    assistant: Assistant,
    call: CallEntry,
    start: {readonly model: ModelSession; readonly entries: readonly JournalEntry[]; readonly cause: string},
  ) {
    this.#deps = deps;
    this.#assistant = assistant;
    this.#call = call;
    this.#wellSince = deps.wellSince();
    this.#log = deps.log.child({callSid: call.callSid});
    const {clock, worker, directory} = deps;
    this.#acceptedAt = clock.now();
    const isNew = start.entries.length === 0;
    const offset = clock.wall() - clock.now() - (start.entries[0]?.wall ?? clock.wall());
    this.#core = new CallCore(
      {
        assistant,
        epoch: call.epoch,
        worker,
        since: at => Math.max(0, at + offset),
        streamGraceMs: deps.streamGraceMs,
        rotateAfterMs: deps.rotateAfterMs,
      },
      clock.now(),
      isNew ? undefined : restoreCall(start.entries, clock.wall()),
    );
    this.#journal = new CallJournal({
      directory,
      callSid: call.callSid,
      epoch: call.epoch,
      clock,
      log: this.#log,
      entries: start.entries,
      known: () => this.#known(),
      fenced: () => this.letGo('fenced by the directory'),
    });
    if (isNew) this.#journal.write(openedFact(call, assistant));
    this.#journal.write({is: 'owner', worker, epoch: call.epoch, cause: start.cause});
    this.#model = start.model;
    this.#listenToModel(start.model);
    this.#cancels.push(every(clock, COUNT_EVERY, () => this.#lookAround()));
    this.#arm();
    this.#log.info({epoch: call.epoch, cause: start.cause}, 'call taken');
  }

  get callSid() {
    return this.#call.callSid;
  }

  get epoch(): number {
    return this.#journal.epoch;
  }

  get assistantName(): string {
    return this.#assistant.name;
  }

  get streamSid(): StreamSid | undefined {
    return this.#stream?.streamSid;
  }

  /**
   * The call has a stream: listens to it. A stream it had before is closed: the newest one wins. Told twice about the
   * same stream, it listens once.
   */
  attach(streamSid: StreamSid, edge: ProcessId, epoch: number): Promise<void> {
    const known = this.#attached;
    if (known?.streamSid === streamSid && known.epoch >= epoch) return known.done;
    this.#journal.newEpoch(epoch);
    const done = this.#listenTo(streamSid, edge, epoch);
    this.#attached = {streamSid, edge, epoch, done};
    return done;
  }

  async #listenTo(streamSid: StreamSid, edge: ProcessId, epoch: number): Promise<void> {
    const {channels, clock} = this.#deps;
    const channel = await channels.workerEnd(streamSid, epoch);
    // Over, or an even newer stream was faster.
    if (this.#over || (this.#stream?.epoch ?? 0) > epoch) return await channel[Symbol.asyncDispose]();
    const before = this.#stream;
    const stream = {channel, streamSid, edge, epoch, openedAt: clock.now(), silent: false};
    this.#stream = stream;
    if (before) this.#leaveStream(before);
    channel.onFrame(frame => {
      if (this.#stream !== stream) return;
      const isBack = stream.silent && frame.kind !== 'began';
      stream.silent = false;
      if (isBack) this.#on({type: 'edge', frame: {kind: 'began', callSid: this.callSid, streamSid, edge}, epoch});
      this.#on({type: 'edge', frame, epoch});
    });
    background(
      channel.closed.then(({why}) => why === 'fenced' && this.letGo('fenced on the channel')),
      this.#log,
      'watching the channel',
    );
  }

  #leaveStream({channel, streamSid, epoch}: OpenStream): void {
    if (streamSid !== this.#stream?.streamSid) {
      channel.send({kind: 'close', why: 'superseded'});
      this.#on({type: 'edge', frame: {kind: 'ended', why: 'lost'}, epoch});
    }
    this.#countFrames(channel);
    background(channel[Symbol.asyncDispose](), this.#log, 'closing the stream before');
  }

  /** The call ended in a way that only others could see. */
  end(reason: EndReason): void {
    if (!this.#over) this.#end(reason);
  }

  /** This worker is leaving: hands the call over as soon as nobody would notice. */
  drain(): void {
    this.#on({type: 'drain'});
  }

  /** Somebody newer owns the call: lets go of everything at once and tells nobody. */
  letGo(why: string): void {
    if (this.#over) return;
    this.#log.info({why}, 'call let go');
    this.#deps.metrics.fencedTotal.inc();
    this.#journal.stop();
    this.#close();
    this.#outcome.resolve({how: 'moved'});
  }

  #on(event: CallEvent): void {
    if (this.#over) return;
    for (const effect of this.#core.on(event, this.#deps.clock.now())) this.#perform(effect);
    this.#arm();
  }

  #perform(effect: CallEffect): void {
    const {metrics} = this.#deps;
    switch (effect.do) {
      case 'model':
        return this.#model.send(effect.command);
      case 'edge':
        return this.#stream?.channel.send(effect.frame);
      case 'journal':
        return this.#note(effect.fact);
      case 'openModel':
        return this.#openModel(effect.after);
      case 'openSpare':
        return this.#openSpare();
      case 'useSpare':
        return this.#useSpare();
      case 'handOver':
        return background(this.#handOver(), this.#log, 'handing over');
      case 'leave':
        return background(this.#leave(effect), this.#log, 'leaving');
      case 'end':
        return this.#end(effect.reason);
      case 'measure': {
        const {turnGapSeconds, timeToFirstAudioSeconds} = metrics;
        return (effect.what === 'turnGap' ? turnGapSeconds : timeToFirstAudioSeconds).observe(effect.ms / 1_000);
      }
      case 'timing':
        return this.#deps.showTimingMath ? this.#log.info({math: effect.line}, 'timing') : undefined;
      case 'warn':
        metrics.modelErrorsTotal.inc({code: errorLabel(effect.code)});
        return this.#log.warn({code: effect.code, detail: effect.detail}, effect.what);
      default:
        return unreachable(effect);
    }
  }

  #note(fact: Parameters<CallJournal['write']>[0]): void {
    this.#journal.write(fact);
    const {metrics} = this.#deps;
    if (fact.is === 'interruption') {
      const {reactionMs, false: isFalse} = fact.interruption;
      if (!isFalse) metrics.bargeInsTotal.inc();
      if (reactionMs !== null) metrics.bargeInReactionSeconds.observe(reactionMs / 1_000);
    }
    if (fact.is === 'failover') metrics.failoversTotal.inc({kind: fact.failover.kind});
    if (fact.is === 'tokens') {
      for (const [kind, count] of Object.entries(fact.tokens)) metrics.tokensTotal.inc({kind}, count);
    }
  }

  /** One timer for everything the core waits for. */
  #arm(): void {
    const {deadline} = this.#core;
    if (this.#timer?.at === deadline && deadline !== undefined) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (deadline === undefined || this.#over) return;
    const {clock} = this.#deps;
    const cancel = clock.after(Math.max(1, deadline - clock.now()), () => {
      this.#timer = undefined;
      this.#on({type: 'time'});
    });
    this.#timer = {at: deadline, cancel};
  }

  #sessionSettings(): SessionSettings {
    return {...sessionSettings(this.#assistant, this.#call), ...this.#core.serverRights};
  }

  #listenToModel(model: ModelSession): void {
    model.onEvent(event => {
      if (this.#model !== model) return;
      if (event.type === 'ready') {
        const ms = this.#deps.clock.now() - this.#acceptedAt;
        this.#journal.write({is: 'modelReady', ms});
        this.#deps.metrics.modelReadySeconds.observe(ms / 1_000);
      }
      this.#on({type: 'model', event});
    });
  }

  #openModel(after: Millis): void {
    const open = () => {
      if (this.#over) return;
      this.#deps.metrics.modelReconnectsTotal.inc({cause: 'lost'});
      background(this.#model[Symbol.asyncDispose](), this.#log, 'closing a lost session');
      this.#model = this.#deps.adapter.open(this.#sessionSettings());
      this.#listenToModel(this.#model);
    };
    if (after === 0) open();
    else this.#cancels.push(this.#deps.clock.after(after, open));
  }

  #openSpare(): void {
    const spare = this.#deps.adapter.open(this.#sessionSettings());
    this.#spare = spare;
    spare.onEvent(event => {
      if (this.#model === spare) return this.#on({type: 'model', event});
      if (event.type === 'ready') this.#on({type: 'spareReady'});
      if (event.type === 'lost') this.#on({type: 'spareLost'});
    });
  }

  #useSpare(): void {
    if (!this.#spare) return;
    this.#deps.metrics.modelReconnectsTotal.inc({cause: 'rotated'});
    background(this.#model[Symbol.asyncDispose](), this.#log, 'closing a session that was replaced');
    this.#model = this.#spare;
    this.#spare = undefined;
  }

  async #handOver(): Promise<void> {
    await this.#journal.written();
    const moved = await this.#deps.handOver(this).catch((thrown: unknown) => {
      this.#log.warn({err: thrown}, 'cannot hand the call over');
      return false;
    });
    if (moved) return this.letGo('handed over');
    // Somebody may come: a rolling restart of the only worker.
    if (!this.#over) this.#cancels.push(this.#deps.clock.after(AGAIN_AFTER, () => this.drain()));
  }

  async #leave({intent, reason}: Extract<CallEffect, {do: 'leave'}>): Promise<void> {
    const {directory, clock} = this.#deps;
    while (!this.#over) {
      // Twilio asks what is next as soon as the socket is closed: the answer must be there before.
      const told = await directory.intend(this.callSid, this.epoch, intent).catch((thrown: unknown) => {
        this.#log.warn({err: thrown}, 'cannot say how the call goes on');
        return undefined;
      });
      if (told) break;
      if (told === false) await this.#journal.confirm();
      else await new Promise<void>(resolve => clock.after(AGAIN_AFTER, resolve));
    }
    if (this.#over) return;
    this.#stream?.channel.send({kind: 'close', why: intent === 'apologise' ? 'refused' : 'done'});
    this.#end(reason);
  }

  #end(reason: EndReason): void {
    if (this.#over) return;
    this.#close();
    this.#journal.write({is: 'ended', reason});
    this.#log.info({reason}, 'call ended');
    const journal = this.#journal;
    const tell = () => {
      if (journal.fenced) return this.#outcome.resolve({how: 'moved'});
      this.#outcome.resolve({how: 'ended', reason, entries: journal.entries, epoch: journal.epoch});
    };
    background(journal.written().then(tell), this.#log, 'finishing the journal');
    this.#deps.clock.after(LEAVE_WITHIN, tell);
  }

  #known(): CallEntry {
    const {worker} = this.#deps;
    const attached = this.#attached;
    const stream = attached ? {stream: {streamSid: attached.streamSid, edge: attached.edge}} : {};
    return {...this.#call, owner: worker, ...stream};
  }

  #close(): void {
    if (this.#stream) this.#countFrames(this.#stream.channel);
    this.#over = true;
    this.#timer?.cancel();
    for (const cancel of this.#cancels.splice(0)) cancel();
    background(this.#model[Symbol.asyncDispose](), this.#log, 'closing the model session');
    if (this.#spare) background(this.#spare[Symbol.asyncDispose](), this.#log, 'closing the spare session');
    if (this.#stream) background(this.#stream.channel[Symbol.asyncDispose](), this.#log, 'closing the stream');
  }

  #countFrames(channel: WorkerChannel): void {
    const {received, sent, lost, duplicates} = channel.counts();
    const {paddedMs} = this.#core;
    const counts = {up: received, down: sent, lostUp: lost, lostDown: 0, duplicates, paddedMs, malformed: 0};
    this.#journal.write({is: 'frames', ...counts});
  }

  /** Once a second: what no message tells. */
  #lookAround(): void {
    const {wellSince, metrics, clock} = this.#deps;
    const well = wellSince();
    // Redis was away: it may have come back without our call.
    if (well !== undefined && well !== this.#wellSince) {
      this.#wellSince = well;
      background(this.#journal.confirm(), this.#log, 'looking for the call');
    }
    const stream = this.#stream;
    if (!stream) return;
    const ms = stream.channel.counts().hopMs;
    if (ms !== undefined) {
      metrics.hopSeconds.observe(ms / 1_000);
      this.#on({type: 'hop', ms});
    }
    const silentSince = Math.max(stream.channel.lastHeardAt() ?? stream.openedAt, well ?? Number.POSITIVE_INFINITY);
    if (stream.silent || clock.now() - silentSince < EDGE_SILENT) return;
    stream.silent = true;
    this.#log.warn({edge: stream.edge}, 'the edge of the call is silent');
    this.#on({type: 'edge', frame: {kind: 'ended', why: 'lost'}, epoch: stream.epoch});
  }
}

/** What a session must be, before anything is known of the call but who called. */
export function sessionSettings(assistant: Assistant, call: Pick<CallEntry, 'facts'>): SessionSettings {
  const {model, instructions, voice, floor} = assistant;
  const immediate = floor.mode === 'immediate';
  return {
    model,
    instructions,
    voice,
    serverInterrupts: immediate && floor.minSpeechMs === 0 && floor.greetingProtectedMs === 0 && !floor.uninterruptible,
    serverResponds: immediate,
    safetyId: call.facts['callerHash'],
  };
}
