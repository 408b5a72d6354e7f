import {withoutWords} from '@voicebridge/shared/capture/mask.ts';
import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import {background} from '@voicebridge/shared/observability/log.ts';
import {silenceLike} from '@voicebridge/shared/protocol/audio.ts';
import type {AwayOrder, AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import type {ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {ActiveCall} from '@voicebridge/shared/protocol/operator-desk.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Cancel, Millis} from '@voicebridge/shared/time.ts';
import type {Assistant} from '../assistant.ts';
import {activeCall} from '../cdr/active-call.ts';
import type {CallEffect} from '../events/call-effect.ts';
import {type CallEvent, isInterruption} from '../events/call-event.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import {recallPast} from '../journal/recall-past.ts';
import {operatorDestinations, operatorOrder} from '../tools/transfer.ts';
import {AudioAhead} from './audio-ahead.ts';
import {beginCall} from './begin-call.ts';
import type {CallDeps, CallOutcome, CallStart, OwnedCall} from './call-deps.ts';
import type {StreamCounts} from './caller-stream.ts';
import {finishCall} from './finish-call.ts';
import {performEffect} from './perform-effect.ts';
import {PeriodicChecks} from './periodic-checks.ts';
import {type CallDoor, type CallParts, wireCall} from './wire-call.ts';

const CHECK_EVERY: Millis = 1_000;

/**
 * One call on this worker, from the moment it is taken until it ends or moves. Passes events to `CallCore` and performs
 * the effects that it returns: sockets, timers and Redis are here, all decisions are there.
 */
export class CallSession implements OwnedCall {
  readonly #deps: CallDeps;
  readonly #call: CallEntry;
  readonly #start: Pick<CallStart, 'entries' | 'restored' | 'seal'>;
  readonly #parts: CallParts;
  readonly #checks: PeriodicChecks;
  readonly #ahead = new AudioAhead();
  readonly #outcome = Promise.withResolvers<CallOutcome>();
  readonly #cancels: Cancel[] = [];
  /** How much silence was given to the model during the streams before this one. */
  #paddedMs: Millis = 0;
  #over = false;
  #hasFailed = false;

  /** Resolves once, when the call is over for this worker and everything it held is released. */
  readonly outcome: Promise<CallOutcome> = this.#outcome.promise;

  /** The caller's audio is received after `attach`; the model is used after `startModel`. */
  constructor(deps: CallDeps, found: Assistant, call: CallEntry, start: CallStart) {
    this.#deps = deps;
    this.#call = call;
    this.#start = {entries: start.entries, restored: start.restored, seal: start.seal};
    const door = this.#door();
    this.#parts = wireCall(deps, found, call, start, door);
    this.#checks = new PeriodicChecks(this.#parts, deps, door);
    beginCall(call, start, this.#parts, deps);
    const check = () => {
      if (this.#over) return;
      this.#checks.run();
      this.#paceModel();
    };
    this.#cancels.push(every(deps.clock, CHECK_EVERY, () => this.#parts.afterPause.run(check, {isDue: true})));
    this.#arm();
  }

  /** What its parts tell this session. */
  #door(): CallDoor {
    return {
      call: this,
      isOver: () => this.#over,
      on: (event, arrivedAt) => this.#on(event, arrivedAt),
      callerFrame: (timestamp, bytes, from, to) => this.#callerFrame(timestamp, bytes, from, to),
      streamClosed: counts => this.#streamClosed(counts),
      end: reason => this.#end(reason),
      release: why => this.release(why),
      drain: () => this.drain(),
      limitReached: reason => this.limitReached(reason),
    };
  }

  get callSid() {
    return this.#call.callSid;
  }

  get epoch(): number {
    return this.#parts.journal.epoch;
  }

  /** The call as operators see it in a list. */
  get active(): ActiveCall {
    const {core, journal, speaking, stream} = this.#parts;
    return activeCall(journal.recent, this.#call, {
      assistant: speaking.current.name,
      edge: stream.entry?.edge ?? null,
      speaks: core.speaks(this.#deps.clock.now()),
    });
  }

  /** All that happened so far. */
  get entries(): readonly JournalEntry[] {
    return this.#parts.journal.entries;
  }

  /** The call has a new stream: listens to it. An earlier stream is closed. */
  attach(streamSid: StreamSid, edge: ProcessId, epoch: number): Promise<void> {
    const {isNew, done} = this.#parts.stream.attach(streamSid, edge, epoch);
    if (isNew) this.#parts.journal.newEpoch(epoch);
    return done;
  }

  /** Resolves when the caller of the stream that was attached is heard here. */
  get heard(): Promise<void> {
    return this.#parts.stream.heard;
  }

  /** Starts the conversation with the model, which is given what was said before. */
  async startModel(): Promise<void> {
    const {entries, restored, seal} = this.#start;
    if (restored && entries[0]?.is === 'snapshot') {
      const deps = {...this.#deps, log: this.#parts.log};
      // It connects while we read.
      this.#parts.model.open();
      await recallPast(this.callSid, deps, {seal, entries, restored, journal: this.#parts.journal});
    }
    if (!this.#over) this.#parts.model.start();
    // A machine that listened to the last owner listens to this one.
    if (restored?.answeredBy !== undefined) this.#on({type: 'answeredBy', by: restored.answeredBy});
  }

  /**
   * The call ended in a way that its stream does not show, such as a hang-up reported by Twilio over HTTP. `away`: what
   * came of the caller's absence.
   */
  end(reason: EndReason, away?: AwayOutcome): void {
    if (this.#over) return;
    this.#deps.tap?.told({kind: 'over', reason, away});
    // The edge may learn of the end later, and would look for another owner until then.
    this.#parts.stream.send({kind: 'close', why: 'done'});
    this.#on({type: 'over', reason, away});
  }

  /** Where an operator may send the caller; `allow`: TRANSFER_ALLOW. */
  transferTo(allow: readonly string[]): string[] {
    return operatorDestinations(this.#parts.speaking.current.tools, allow);
  }

  /** An operator sends the caller to a person. False: they may not be sent there. */
  transfer(to: string, allow: readonly string[]): boolean {
    const order = operatorOrder(to, this.#parts.speaking.current.tools, allow);
    if (order) this.sendAway(order);
    return order !== undefined;
  }

  /** The same where it is known that they may be sent there. */
  sendAway(order: AwayOrder): void {
    this.#deps.tap?.told({kind: 'transfer', order: {...order, to: withoutWords(order.to)}});
    this.#on({type: 'transfer', order});
  }

  /** The carrier has found out what answered our call. */
  answeredBy(by: string): void {
    this.#deps.tap?.told({kind: 'answeredBy', by});
    this.#on({type: 'answeredBy', by});
  }

  /** A limit of money is reached, which ends calls with this reason. */
  limitReached(reason: EndReason): void {
    this.#deps.tap?.told({kind: 'limit', reason});
    this.#on({type: 'limit', reason});
  }

  /** This worker is draining: hands the call over at the next turn boundary. */
  drain(): void {
    this.#deps.tap?.told({kind: 'drain'});
    this.#on({type: 'drain'});
  }

  /** A newer owner has the call: closes everything at once, without writing or sending anything more. */
  release(why: string): void {
    if (this.#over) return;
    this.#parts.log.info({why}, 'call let go');
    this.#deps.metrics.fencedTotal.inc();
    this.#parts.journal.stop();
    this.#close(true);
    this.#outcome.resolve({how: 'moved'});
  }

  #on(event: CallEvent, arrivedAt?: Millis): void {
    const isDue = event.type === 'time';
    if (this.#over || this.#parts.afterPause.took(() => this.#on(event, arrivedAt), {isDue})) return;
    if (this.#hasFailed) return this.#endIfGone(event);
    try {
      this.#handle(event, arrivedAt);
    } catch (thrown) {
      this.#failed(thrown, event.type);
    }
  }

  /** Fifty times a second: what is not needed for each frame waits for an event or a deadline. */
  #callerFrame(timestamp: Millis, bytes: Buffer, from: number, to: number): void {
    if (this.#over || this.#hasFailed) return;
    const {afterPause, core, model, recording} = this.#parts;
    if (afterPause.holds()) {
      const kept = Buffer.from(bytes.subarray(from, to));
      return void afterPause.took(() => this.#callerFrame(timestamp, kept, 0, kept.length));
    }
    try {
      const at = this.#deps.clock.now();
      recording?.callerFrame(timestamp, bytes, from, to, at);
      // Digits that somebody keys in must not be heard as tones.
      if (core.isMuted) [bytes, from, to] = silenceLike(bytes, from, to);
      const outcome = core.callerFrame(timestamp, bytes, from, to, at);
      if (outcome === 'passOn') return model.hear(bytes, from, to);
      if (outcome === 'kept') return;
      for (const effect of outcome) {
        if (effect.do === 'passOn') model.hear(bytes, from, to);
        else this.#perform(effect);
      }
      this.#arm();
    } catch (thrown) {
      this.#failed(thrown, 'callerFrame');
    }
  }

  /** A bug in the handling of one event ends this call in words; the other calls of the worker go on. */
  #failed(thrown: unknown, event: string): void {
    this.#hasFailed = true;
    this.#parts.log.error({err: thrown, event}, 'bug: an event of this call could not be handled');
    const leave = {do: 'leave', intent: 'apologise', reason: 'platform.internal-error'} as const;
    background(this.#parts.leaving.leave(leave), this.#parts.log, 'leaving');
  }

  /** After a bug the core is not asked any more: the call only waits until its stream can be closed. */
  #endIfGone(event: CallEvent): void {
    const isGone = event.type === 'over' || (event.type === 'edge' && event.frame.kind === 'ended');
    if (isGone) this.#end('platform.internal-error');
  }

  #handle(event: CallEvent, arrivedAt?: Millis): void {
    const {core, mended, reaction, recording} = this.#parts;
    if (event.type === 'model' && event.event.type === 'mended') return mended.note(event.event);
    if (isInterruption(event)) reaction.begins(arrivedAt);
    const at = this.#deps.clock.now();
    if (event.type === 'edge') {
      recording?.edge(event.frame, at);
      this.#deps.tap?.edge(event.frame);
    }
    for (const effect of core.on(event, at)) this.#perform(effect);
    this.#arm();
    const isAudio = event.type === 'model' && event.event.type === 'audio';
    if (isAudio && this.#ahead.came(event.event.payload.length)) this.#paceModel();
  }

  /** A model that is minutes ahead of the caller's ear is not read for a while. */
  #paceModel(): void {
    if (!this.#over) this.#parts.model.setPaused(this.#ahead.look(this.#parts.core.aheadMs(this.#deps.clock.now())));
  }

  #arm(): void {
    this.#parts.timer.arm(this.#over ? undefined : this.#parts.core.deadline);
  }

  #perform(effect: CallEffect): void {
    this.#deps.tap?.effect(effect);
    if (effect.do === 'end') return this.#end(effect.reason);
    if (effect.do === 'switchAssistant') return this.#switch(effect);
    performEffect(effect, this.#parts, this.#deps);
  }

  /** After the effects of this moment: what follows is an event of its own. */
  #switch({callId, to}: Extract<CallEffect, {do: 'switchAssistant'}>): void {
    queueMicrotask(() => {
      if (this.#over || this.#hasFailed) return;
      try {
        this.#on({type: 'assistantFound', callId, assistant: this.#parts.speaking.switchTo(to)});
      } catch (thrown) {
        this.#failed(thrown, 'switchAssistant');
      }
    });
  }

  #end(reason: EndReason): void {
    if (this.#over) return;
    this.#close(false);
    const {journal, log} = this.#parts;
    journal.write({is: 'ended', reason});
    this.#deps.tap?.decided({kind: 'ended', reason});
    const finished = finishCall(this.callSid, reason, this.#parts, this.#deps);
    background(finished.then(this.#outcome.resolve), log, 'finishing the journal');
  }

  #close(isMoved: boolean): void {
    const {afterPause, journal, model, recording, stream, timer, tools} = this.#parts;
    const {clock, lingering, tap} = this.#deps;
    if (isMoved) recording?.left(afterPause.ranUntil(), clock.now(), journal.goesOn);
    else recording?.ended(clock.now());
    stream.close();
    this.#over = true;
    timer.arm(undefined);
    for (const cancel of this.#cancels.splice(0)) cancel();
    model.close();
    lingering.add(tools.close({isMoved}));
    // What is decided now is the last of it.
    if (tap) queueMicrotask(() => tap.over());
  }

  #streamClosed(counts: StreamCounts): void {
    const {core, journal} = this.#parts;
    journal.write({is: 'frames', ...counts, paddedMs: core.paddedMs - this.#paddedMs});
    this.#paddedMs = core.paddedMs;
  }
}
