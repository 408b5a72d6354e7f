import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import {background, logOfCall, type Log} from '@voicebridge/shared/observability/log.ts';
import {msOfBase64, silence} from '@voicebridge/shared/protocol/audio.ts';
import type {AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import type {ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {ActiveCall} from '@voicebridge/shared/protocol/operator-desk.ts';
import {call as keyOfCall} from '@voicebridge/shared/redis/keys.ts';
import {END_OF_LIMIT} from '@voicebridge/shared/spend/limits.ts';
import {payerOf} from '@voicebridge/shared/spend/payer.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Cancel, Millis} from '@voicebridge/shared/time.ts';
import type {Assistant} from '../assistant.ts';
import {CallCore} from '../call/call-core.ts';
import {activeCall} from '../cdr/active-call.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import {type CallEvent, isInterruption} from '../events/call-event.ts';
import type {CallEffect, Fact} from '../events/call-effect.ts';
import {Absences} from './absences.ts';
import {AudioAhead} from './audio-ahead.ts';
import {BackgroundTools} from './background-tools.ts';
import type {CallDeps, CallOutcome, CallStart, OwnedCall} from './call-deps.ts';
import {CallJournal} from '../journal/call-journal.ts';
import {countFact} from './call-metrics.ts';
import {CallSpend} from './call-spend.ts';
import {DeadlineTimer} from './deadline-timer.ts';
import {Leaving} from './leaving.ts';
import {MendedEvents} from './mended-events.ts';
import {ModelSessions} from './model-sessions.ts';
import {coreSettings} from './core-settings.ts';
import {Reaction} from './reaction.ts';
import {openedFact} from '../journal/opened-fact.ts';
import {Rescue} from './rescue.ts';
import {recallPast} from '../journal/recall-past.ts';
import {RecordingTap} from '../recording/recording-tap.ts';
import {sessionSettings} from './session-settings.ts';
import {onCall} from './spoken-first.ts';
import {operatorDestinations, operatorOrder} from '../tools/transfer.ts';
import {type StreamCounts, CallerStream} from './caller-stream.ts';
import {reportToOperators} from './operator-reports.ts';

/** The outcome is reported at the latest this long after the end, even if Redis does not take the journal. */
const FINISH_WITHIN: Millis = 2_000;
const CHECK_EVERY: Millis = 1_000;

/**
 * One call on this worker, from the moment it is taken until it ends or moves. Passes events to `CallCore` and performs
 * the effects that it returns: sockets, timers and Redis are here, all decisions are there.
 */
export class CallSession implements OwnedCall {
  readonly #deps: CallDeps;
  readonly #call: CallEntry;
  /** Who speaks: another one after a tool gave the call to it. */
  #assistant: Assistant;
  readonly #start: Pick<CallStart, 'entries' | 'restored' | 'seal'>;
  readonly #core: CallCore;
  readonly #journal: CallJournal;
  readonly #log: Log;
  readonly #outcome = Promise.withResolvers<CallOutcome>();
  readonly #cancels: Cancel[] = [];
  readonly #model: ModelSessions;
  readonly #stream: CallerStream;
  readonly #tools: BackgroundTools;
  readonly #leaving: Leaving;
  readonly #rescue: Rescue;
  readonly #absences: Absences;
  readonly #reaction: Reaction;
  readonly #spend: CallSpend;
  readonly #timer: DeadlineTimer;
  #wellSince: Millis | undefined;
  #paddedMs: Millis = 0;
  readonly #mended: MendedEvents;
  readonly #recording: RecordingTap | undefined;
  readonly #ahead = new AudioAhead();
  #over = false;
  #hasFailed = false;

  /** Resolves once, when the call is over for this worker and everything it held is released. */
  readonly outcome: Promise<CallOutcome> = this.#outcome.promise;

  /** The caller's audio is received after `attach`; the model is used after `startModel`. */
  constructor(deps: CallDeps, found: Assistant, call: CallEntry, start: CallStart) {
    const assistant = onCall(found, call.facts);
    this.#deps = deps;
    this.#call = call;
    this.#assistant = assistant;
    deps.tap?.began(call, assistant, start.cause, {
      wasGiven: start.restored?.captured ?? false,
      send: frame => this.#stream.send(frame),
      agreed: () => this.#journal.write({is: 'captured'}),
    });
    this.#start = {entries: start.entries, restored: start.restored, seal: start.seal};
    this.#wellSince = deps.wellSince(keyOfCall(call.callSid));
    this.#log = logOfCall(deps.log, call.callSid, call.facts['traceparent']);
    this.#mended = new MendedEvents(deps.metrics, this.#log);
    const {clock, worker, directory} = deps;
    const {restored} = start;
    const {callSid} = call;
    const settings = coreSettings(deps, assistant, call, start);
    this.#recording =
      assistant.recording && deps.openRecording
        ? new RecordingTap({
            rule: assistant,
            open: fromMs => deps.openRecording?.({callSid, assistant: call.assistant, epoch: this.epoch, fromMs}),
            callTime: settings.callTime,
            roundTrip: () => this.#core.roundTripMs,
            onBegin: fromMs => this.#journal.write({is: 'recording', fromMs}),
            onFailure: err => this.#log.error({err}, 'recording failed'),
          })
        : undefined;
    this.#core = new CallCore(settings, clock.now(), restored);
    this.#recording?.pause(this.#core.isCollecting, clock.now());
    this.#reaction = new Reaction(clock);
    this.#spend = new CallSpend({
      ...deps,
      payer: {...payerOf(call), assistant: assistant.name},
      owner: call.epoch,
      model: assistant.model,
      limits: deps.spendLimits,
      log: this.#log,
      reached: limit => this.#on({type: 'limit', reason: END_OF_LIMIT[limit]}),
    });
    this.#journal = new CallJournal({
      directory,
      callSid,
      epoch: call.epoch,
      clock,
      log: this.#log,
      entries: start.entries,
      currentEntry: () => this.#currentEntry(),
      mayCompact: deps.mayCompact,
      seal: start.seal,
      onFenced: () => this.release('fenced by the directory'),
    });
    if (!restored) this.#journal.write(openedFact(call, assistant));
    for (const fact of restored?.unwritten ?? []) {
      this.#journal.write(fact);
      countFact(fact, deps.metrics);
    }
    this.#journal.write({is: 'owner', worker, epoch: call.epoch, cause: start.cause});
    this.#timer = new DeadlineTimer(clock, () => this.#on({type: 'time'}));
    this.#stream = new CallerStream({
      callSid,
      channels: deps.channels,
      clock,
      log: this.#log,
      onFrame: (frame, epoch) => this.#on({type: 'edge', frame, epoch}),
      onAudio: (timestamp, bytes, from, to) => this.#callerFrame(timestamp, bytes, from, to),
      onFenced: () => this.release('fenced on the channel'),
      onClosed: counts => this.#streamClosed(counts),
    });
    this.#model = new ModelSessions(start.model, {
      ...deps,
      log: this.#log,
      settings: () => ({...sessionSettings(this.#assistant, call), ...this.#core.serverRights}),
      onEvent: (event, arrivedAt) => this.#on(event, arrivedAt),
      onReady: ms => {
        this.#journal.write({is: 'modelReady', ms});
        deps.metrics.modelReadySeconds.observe(ms / 1_000);
      },
    });
    this.#tools = new BackgroundTools({
      tools: () => this.#assistant.tools,
      callSid,
      clock,
      log: this.#log,
      ledger: deps.toolLedger,
      send: deps.send,
      runTool: deps.runTool,
      owner: `${worker}:${call.epoch}`,
      isOwnerLost: start.cause !== 'worker-drained',
      journalled: () => this.#journalled(),
      finished: event => this.#on(event),
    });
    this.#leaving = new Leaving({
      call: this,
      deps,
      log: this.#log,
      journal: this.#journal,
      stream: this.#stream,
      failureSay: assistant.failureSay,
      isOver: () => this.#over,
      isHeld: () => this.#core.heldUntil !== undefined,
      end: reason => this.#end(reason),
      release: why => this.release(why),
      drain: () => this.drain(),
    });
    this.#absences = new Absences({
      call: this,
      deps,
      log: this.#log,
      journal: this.#journal,
      stream: this.#stream,
      isWanted: away => !this.#over && this.#core.awayNow === away,
      returned: event => {
        deps.tap?.told({kind: 'returned', away: event.away, outcome: event.outcome});
        this.#on(event);
      },
    });
    this.#rescue = new Rescue({
      call: this,
      deps,
      log: this.#log,
      journal: this.#journal,
      cause: start.cause,
      isOver: () => this.#over,
      release: why => this.release(why),
    });
    this.#recording?.taken(restored?.recorded ?? false, clock.now());
    this.#spend.begin();
    this.#cancels.push(every(clock, CHECK_EVERY, () => this.#check()));
    this.#arm();
    this.#log.info({epoch: call.epoch, cause: start.cause}, 'call taken');
  }

  get callSid() {
    return this.#call.callSid;
  }

  get epoch(): number {
    return this.#journal.epoch;
  }

  /** The call as operators see it in a list. */
  get active(): ActiveCall {
    const {callSid, startedAt, facts} = this.#call;
    return activeCall(this.#journal.recent, {
      callSid,
      startedAt,
      assistant: this.#assistant.name,
      direction: facts['direction'] ?? 'inbound',
      ...(facts['via'] === 'browser' ? {via: 'browser' as const} : {}),
      callerLastTwo: facts['callerLastTwo'] ?? null,
      edge: this.#stream.entry?.edge ?? null,
      speaks: this.#core.speaks(this.#deps.clock.now()),
    });
  }

  /** All that happened so far. */
  get entries(): readonly JournalEntry[] {
    return this.#journal.entries;
  }

  /** The call has a new stream: listens to it. An earlier stream is closed. */
  attach(streamSid: StreamSid, edge: ProcessId, epoch: number): Promise<void> {
    const {isNew, done} = this.#stream.attach(streamSid, edge, epoch);
    if (isNew) this.#journal.newEpoch(epoch);
    return done;
  }

  /** Resolves when the caller of the stream that was attached is heard here. */
  get heard(): Promise<void> {
    return this.#stream.heard;
  }

  /** Starts the conversation with the model, which is given what was said before. */
  async startModel(): Promise<void> {
    const {entries, restored, seal} = this.#start;
    if (restored && entries[0]?.is === 'snapshot') {
      const deps = {...this.#deps, log: this.#log};
      // It connects while we read.
      this.#model.open();
      await recallPast(this.callSid, deps, {seal, entries, restored, journal: this.#journal});
    }
    if (!this.#over) this.#model.start();
    // A machine that listened to the last owner listens to this one.
    if (restored?.answeredBy !== undefined) this.answeredBy(restored.answeredBy);
  }

  /**
   * The call ended in a way that its stream does not show, such as a hang-up reported by Twilio over HTTP. `away`: what
   * came of the caller's absence.
   */
  end(reason: EndReason, away?: AwayOutcome): void {
    if (this.#over) return;
    this.#deps.tap?.told({kind: 'over', reason, away});
    // The edge may learn of the end later, and would look for another owner until then.
    this.#stream.send({kind: 'close', why: 'done'});
    this.#on({type: 'over', reason, away});
  }

  /** Where an operator may send the caller; `allow`: TRANSFER_ALLOW. */
  transferTo(allow: readonly string[]): string[] {
    return operatorDestinations(this.#assistant.tools, allow);
  }

  /** An operator sends the caller to a person. False: they may not be sent there. */
  transfer(to: string, allow: readonly string[]): boolean {
    const order = operatorOrder(to, this.#assistant.tools, allow);
    if (!order) return false;
    this.#deps.tap?.told({kind: 'transfer', to: order.kind});
    this.#on({type: 'transfer', order});
    return true;
  }

  /** The carrier has found out what answered our call. */
  answeredBy(by: string): void {
    this.#on({type: 'answeredBy', by});
  }

  /** This worker is draining: hands the call over at the next turn boundary. */
  drain(): void {
    this.#deps.tap?.told({kind: 'drain'});
    this.#on({type: 'drain'});
  }

  /** A newer owner has the call: closes everything at once, without writing or sending anything more. */
  release(why: string): void {
    if (this.#over) return;
    this.#log.info({why}, 'call let go');
    this.#deps.metrics.fencedTotal.inc();
    this.#journal.stop();
    this.#close(true);
    this.#outcome.resolve({how: 'moved'});
  }

  #on(event: CallEvent, arrivedAt?: Millis): void {
    if (this.#over) return;
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
    try {
      const at = this.#deps.clock.now();
      this.#recording?.callerFrame(timestamp, bytes, from, to, at);
      // Digits that somebody keys in must not be heard as tones.
      if (this.#core.isMuted) [bytes, from, to] = silenceFor(bytes, from, to);
      const outcome = this.#core.callerFrame(timestamp, bytes, from, to, at);
      if (outcome === 'passOn') return this.#model.hear(bytes, from, to);
      if (outcome === 'kept') return;
      for (const effect of outcome) {
        if (effect.do === 'passOn') this.#model.hear(bytes, from, to);
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
    this.#log.error({err: thrown, event}, 'bug: an event of this call could not be handled');
    const leave = {do: 'leave', intent: 'apologise', reason: 'platform.internal-error'} as const;
    background(this.#leaving.leave(leave), this.#log, 'leaving');
  }

  /** After a bug the core is not asked any more: the call only waits until its stream can be closed. */
  #endIfGone(event: CallEvent): void {
    const isGone = event.type === 'over' || (event.type === 'edge' && event.frame.kind === 'ended');
    if (isGone) this.#end('platform.internal-error');
  }

  #handle(event: CallEvent, arrivedAt?: Millis): void {
    if (event.type === 'model' && event.event.type === 'mended') return this.#mended.note(event.event);
    if (isInterruption(event)) this.#reaction.begins(arrivedAt);
    const at = this.#deps.clock.now();
    if (event.type === 'edge') {
      this.#recording?.edge(event.frame, at);
      this.#deps.tap?.edge(event.frame);
    }
    for (const effect of this.#core.on(event, at)) this.#perform(effect);
    this.#arm();
    const isAudio = event.type === 'model' && event.event.type === 'audio';
    if (isAudio && this.#ahead.came(event.event.payload.length)) this.#paceModel();
  }

  /** A model that is minutes ahead of the caller's ear is not read for a while. */
  #paceModel(): void {
    if (!this.#over) this.#model.setPaused(this.#ahead.look(this.#core.aheadMs(this.#deps.clock.now())));
  }

  #arm(): void {
    this.#timer.arm(this.#over ? undefined : this.#core.deadline);
  }

  #perform(effect: CallEffect): void {
    this.#deps.tap?.effect(effect);
    switch (effect.do) {
      case 'model':
        return this.#model.send(effect.command);
      case 'hear':
        return this.#model.hear(Buffer.from(effect.payload, 'latin1'), 0, effect.payload.length);
      case 'edge':
        this.#stream.send(effect.frame);
        this.#recording?.effect(effect, this.#deps.clock.now());
        if (effect.frame.kind === 'clear') this.#reaction.cleared();
        return;
      case 'journal':
        return this.#write(effect.fact);
      case 'openModel':
        return this.#model.reopen(effect.after);
      case 'openSpare':
        return this.#model.openSpare();
      case 'useSpare':
        return this.#model.useSpare();
      case 'dropSpare':
        return this.#model.dropSpare();
      case 'switchAssistant':
        return this.#switch(effect);
      case 'collecting':
        return this.#recording?.pause(effect.isOn, this.#deps.clock.now());
      case 'runTool':
        return this.#tools.run(effect);
      case 'stopTool':
        return this.#tools.stop(effect.callId);
      case 'handOver':
        return background(this.#leaving.handOver(), this.#log, 'handing over');
      case 'leave':
        return background(this.#leave(effect), this.#log, 'leaving');
      case 'away':
        return background(this.#absences.leave(effect), this.#log, 'sending the caller away');
      case 'lookUpReturn':
        return background(this.#absences.lookUp(effect.away), this.#log, 'looking up what came of an absence');
      case 'hold':
        return background(this.#leaving.hold(effect.ms), this.#log, 'holding');
      case 'end':
        return this.#end(effect.reason);
      default:
        return reportToOperators(effect, this.#deps, this.#log);
    }
  }

  /** After the effects of this moment: what follows is an event of its own. */
  #switch({callId, to}: Extract<CallEffect, {do: 'switchAssistant'}>): void {
    queueMicrotask(() => {
      const found = this.#deps.assistantNamed(to, this.#assistant.given);
      const {model, name} = this.#assistant;
      const problem = !found
        ? `there is no ${to} any more`
        : found.model === model
          ? undefined
          : `${to} has another model`;
      if (!found || problem !== undefined || to === name)
        return this.#on({type: 'assistantFound', callId, assistant: problem ?? `you are ${name} already`});
      // Sessions that are opened from now on are the other's.
      this.#assistant = found;
      this.#on({type: 'assistantFound', callId, assistant: found});
    });
  }

  async #leave(effect: Extract<CallEffect, {do: 'leave'}>): Promise<void> {
    // What refuses this worker, such as its key, need not refuse another one.
    if (effect.reason === 'platform.model-refused' && (await this.#rescue.atLast())) return;
    await this.#leaving.leave(effect);
  }

  #write(noted: Fact): void {
    // The core has no clock of its own, so the shell measures the reaction to a barge-in.
    const reactionMs = this.#reaction.ms;
    const fact = noted.is === 'interruption' ? {...noted, interruption: {...noted.interruption, reactionMs}} : noted;
    this.#journal.write(fact);
    this.#recording?.noted(fact, this.#deps.clock.now());
    this.#deps.tap?.noted(fact);
    countFact(fact, this.#deps.metrics);
    if (fact.is === 'tokens') this.#spend.billed(fact.tokens);
  }

  #end(reason: EndReason): void {
    if (this.#over) return;
    this.#close(false);
    this.#spend.over();
    this.#journal.write({is: 'ended', reason});
    this.#deps.tap?.decided({kind: 'ended', reason});
    background(this.#deps.toolLedger.forget(this.callSid), this.#log, 'forgetting the tools of a call');
    const journal = this.#journal;
    const report = () => {
      if (journal.fenced) return this.#outcome.resolve({how: 'moved'});
      this.#outcome.resolve({how: 'ended', reason, entries: journal.entries, epoch: journal.epoch});
    };
    background(journal.written().then(report), this.#log, 'finishing the journal');
    this.#deps.clock.after(FINISH_WITHIN, report);
  }

  #currentEntry(): CallEntry {
    const stream = this.#stream.entry;
    return {...this.#call, owner: this.#deps.worker, ...(stream ? {stream} : {})};
  }

  /** Whether all that was decided so far is in the journal, and the call is ours. */
  async #journalled(): Promise<boolean> {
    await this.#journal.written();
    return !this.#over && !this.#journal.fenced;
  }

  #close(isMoved: boolean): void {
    this.#recording?.ended(this.#deps.clock.now());
    this.#stream.close();
    this.#over = true;
    this.#timer.arm(undefined);
    for (const cancel of this.#cancels.splice(0)) cancel();
    this.#model.close();
    this.#deps.lingering.add(this.#tools.close({isMoved}));
    // What is decided now is the last of it.
    if (this.#deps.tap) queueMicrotask(() => this.#deps.tap?.over());
  }

  #streamClosed(counts: StreamCounts): void {
    this.#journal.write({is: 'frames', ...counts, paddedMs: this.#core.paddedMs - this.#paddedMs});
    this.#paddedMs = this.#core.paddedMs;
  }

  /** Once a second: checks what no event reports. */
  #check(): void {
    const {wellSince, metrics} = this.#deps;
    const well = wellSince(keyOfCall(this.#call.callSid));
    // Redis was away, and may have come back without this call.
    if (well !== undefined && well !== this.#wellSince) {
      this.#wellSince = well;
      background(this.#journal.verifyOwnership(), this.#log, 'looking for the call');
    }
    this.#journal.review();
    this.#spend.review();
    this.#recording?.review(this.#deps.clock.now());
    this.#paceModel();
    const ms = this.#stream.hopMs;
    if (ms !== undefined) {
      metrics.hopSeconds.observe(ms / 1_000);
      this.#on({type: 'hop', ms});
    }
    this.#stream.checkEdge(wellSince);
    this.#rescue.review(this.#model.waitingSince);
  }
}

/** Silence in place of a frame of the caller, as long as that. */
function silenceFor(bytes: Buffer, from: number, to: number): [Buffer, number, number] {
  const quiet = Buffer.from(silence(msOfBase64(bytes.toString('latin1', from, to))), 'latin1');
  return [quiet, 0, quiet.length];
}
