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
  #epoch: number;
  #model: ModelSession;
  #spare: ModelSession | undefined;
  #stream: {readonly channel: WorkerChannel; readonly streamSid: StreamSid} | undefined;
  #timer: {readonly at: Millis; readonly cancel: Cancel} | undefined;
  #attached: CallEntry['stream'];
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
    this.#epoch = call.epoch;
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
    this.#cancels.push(every(clock, COUNT_EVERY, () => this.#measureHop()));
    this.#arm();
    this.#log.info({epoch: call.epoch, cause: start.cause}, 'call taken');
  }

  get callSid() {
    return this.#call.callSid;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get assistantName(): string {
    return this.#assistant.name;
  }

  get streamSid(): StreamSid | undefined {
    return this.#stream?.streamSid;
  }

  /** The call has a stream: listens to it. A stream it had before is closed: the newest one wins. */
  async attach(streamSid: StreamSid, edge: ProcessId, epoch: number): Promise<void> {
    const before = this.#stream;
    this.#attached = {streamSid, edge};
    this.#epoch = Math.max(this.#epoch, epoch);
    this.#journal.newEpoch(this.#epoch);
    const channel = await this.#deps.channels.workerEnd(streamSid, epoch);
    if (this.#over) return await channel[Symbol.asyncDispose]();
    this.#stream = {channel, streamSid};
    if (before && before.streamSid !== streamSid) {
      before.channel.send({kind: 'close', why: 'superseded'});
      this.#on({type: 'edge', frame: {kind: 'ended', why: 'lost'}, epoch});
      this.#countFrames(before.channel);
      background(before.channel[Symbol.asyncDispose](), this.#log, 'closing the stream before');
    }
    channel.onFrame(frame => {
      if (this.#stream?.channel === channel) this.#on({type: 'edge', frame, epoch});
    });
    background(
      channel.closed.then(({why}) => why === 'fenced' && this.letGo('fenced on the channel')),
      this.#log,
      'watching the channel',
    );
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
        metrics.modelErrorsTotal.inc({code: effect.code});
        return this.#log.warn({code: effect.code, detail: effect.detail}, effect.what);
      default:
        return unreachable(effect);
    }
  }

  #note(fact: Parameters<CallJournal['write']>[0]): void {
    this.#journal.write(fact);
    const {metrics} = this.#deps;
    if (fact.is === 'interruption') {
      metrics.bargeInsTotal.inc();
      metrics.bargeInReactionSeconds.observe((fact.interruption.reactionMs ?? 0) / 1_000);
    }
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
    if (await this.#deps.handOver(this)) return this.letGo('handed over');
    this.#log.warn('nobody took the call over; it stays until the deadline');
  }

  async #leave({intent, reason}: Extract<CallEffect, {do: 'leave'}>): Promise<void> {
    const {directory} = this.#deps;
    // Twilio asks what is next as soon as the socket is closed: the answer must be there before.
    const ours = await directory.intend(this.callSid, this.#epoch, intent);
    if (!ours) return this.letGo('fenced while leaving');
    this.#stream?.channel.send({kind: 'close', why: intent === 'apologise' ? 'refused' : 'done'});
    this.#end(reason);
  }

  #end(reason: EndReason): void {
    if (this.#over) return;
    this.#journal.write({is: 'ended', reason});
    const {entries} = this.#journal;
    const epoch = this.#epoch;
    this.#close();
    this.#log.info({reason}, 'call ended');
    background(
      this.#journal.written().then(() => this.#outcome.resolve({how: 'ended', reason, entries, epoch})),
      this.#log,
      'finishing the journal',
    );
    this.#cancels.push(
      this.#deps.clock.after(LEAVE_WITHIN, () => this.#outcome.resolve({how: 'ended', reason, entries, epoch})),
    );
  }

  #known(): CallEntry {
    const stream = this.#attached;
    return {...this.#call, epoch: this.#epoch, owner: this.#deps.worker, ...(stream ? {stream} : {})};
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

  #measureHop(): void {
    const ms = this.#stream?.channel.counts().hopMs;
    if (ms === undefined) return;
    this.#deps.metrics.hopSeconds.observe(ms / 1_000);
    this.#on({type: 'hop', ms});
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
