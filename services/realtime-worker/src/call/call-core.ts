import {SWITCHES_AT_MOST} from '@voicebridge/assistant/switch-tool.ts';
import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import {unreachable} from '@voicebridge/shared/errors.ts';
import type {AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import {earliest, type Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, hear, journal, PASS_ON, type PassOn} from '../events/call-effect.ts';
import type {CallEvent, EdgeEvent} from '../events/call-event.ts';
import type {RestoredCall} from '../journal/restore-call.ts';
import type {Assistant} from '../assistant.ts';
import {CallerAudio} from '../caller-audio/caller-audio.ts';
import type {DialogueSettings} from './dialogue-settings.ts';
import {Dialogue} from './dialogue.ts';
import {FirstAudio} from './first-audio.ts';
import {FailoverLog, type TakenOver} from '../journal/failover-log.ts';
import type {ModelEvent, ServerRights} from '../model/model-adapter.ts';
import {cannotSwitch, switched} from '../tools/tool-failure.ts';
import {ModelLifecycle, type SessionStep} from './model-lifecycle.ts';
import {CallerGap} from './caller-gap.ts';
import {PhoneSign} from './phone-sign.ts';
import {StreamGrace} from './stream-grace.ts';
import {endOfAbsence, outcomeAtEnd} from '../tools/absence.ts';

export interface CallSettings extends Omit<DialogueSettings, 'given'> {
  /** How long a call that had a stream may be without one before it is over. */
  readonly streamGraceMs: Millis;
  /** A session older than this is replaced at the next turn boundary. */
  readonly rotateAfterMs: Millis;
  /** Set if another worker had the call before. */
  readonly takenOver?: TakenOver | undefined;
}

/**
 * What follows from a frame of the caller. `passOn` and `kept`: that and nothing else, and no deadline has come nearer.
 */
type FrameOutcome = 'passOn' | 'kept' | readonly (CallEffect | PassOn)[];

/** A hand-over waits for a turn boundary, but not longer than this. */
const HAND_OVER_WITHIN_MS = 4_000;

/**
 * One call, with no socket and no timer in it: an event and the time in, effects out. Feeding it the same events again
 * plays the same call again. It looks after the caller's stream and the model's session, which come and go;
 * `Dialogue` looks after what is said.
 */
export class CallCore {
  readonly #dialogue: Dialogue;
  readonly #caller = new CallerAudio();
  readonly #failovers: FailoverLog;
  readonly #model: ModelLifecycle;
  readonly #grace: StreamGrace;
  readonly #firstAudio: FirstAudio;
  #handOverBy: Millis | undefined;
  #streamSid: string | undefined;
  readonly #phone = new PhoneSign();
  readonly #gap: CallerGap;
  readonly #before: RestoredCall['stream'];
  #over = false;
  /** The assistant that goes on with the call as soon as its session is ready, and the call of the tool. */
  #next: {readonly callId: string; readonly assistant: Assistant} | undefined;
  #switches: number;

  constructor(settings: CallSettings, at: Millis, restored?: RestoredCall) {
    this.#dialogue = new Dialogue({...settings, given: this.#caller.given}, at, restored);
    this.#model = new ModelLifecycle(settings.rotateAfterMs);
    const {callTime, worker, takenOver} = settings;
    this.#failovers = new FailoverLog(callTime, worker, restored?.failovers ?? 0, takenOver);
    if (restored && restored.heldMs > 0) this.#dialogue.replies.resumeHold(at + restored.heldMs);
    const {heldUntil} = this;
    const awayUntil = this.#dialogue.absence.until;
    const since = {isRestored: restored !== undefined, heldUntil, awayUntil};
    this.#grace = new StreamGrace(settings.streamGraceMs, since, at);
    this.#firstAudio = new FirstAudio(restored?.greeted ?? false);
    this.#switches = restored?.switches ?? 0;
    this.#before = restored?.stream;
    // Nobody expects to be heard while they are away.
    this.#gap = new CallerGap(awayUntil === undefined ? restored?.stream?.streamSid : undefined);
  }

  get serverRights(): ServerRights {
    return this.#dialogue.floor.serverRights;
  }

  get paddedMs(): Millis {
    return this.#caller.paddedMs;
  }

  /** Whether the caller enters digits for a tool: nothing is to be recorded. */
  get isCollecting(): boolean {
    return this.#dialogue.entries.isOpen;
  }

  /** Whether the tones of keys may be in the caller's audio: nobody is to hear them. */
  get isMuted(): boolean {
    return this.#dialogue.entries.hasKeys;
  }

  /** How far the model is ahead of the caller's ear, in milliseconds. */
  aheadMs(at: Millis): Millis {
    return this.#dialogue.floor.aheadMs(at);
  }

  /** How long a message to the phone and back takes, in milliseconds; undefined until it was measured. */
  get roundTripMs(): Millis | undefined {
    return this.#dialogue.floor.roundTripMs;
  }

  /** Who has the floor. */
  speaks(at: Millis): 'caller' | 'assistant' | 'nobody' {
    const {floor} = this.#dialogue;
    if (floor.callerSpeaks) return 'caller';
    return floor.quiet(at) ? 'nobody' : 'assistant';
  }

  /** Until when the model is limited, if the caller was asked to wait for that. */
  get heldUntil(): Millis | undefined {
    return this.#dialogue.replies.limit.toldUntil;
  }

  /** The absence that the caller is in, by its number; undefined: the caller is here. */
  get awayNow(): number | undefined {
    return this.#dialogue.absence.current?.record.away;
  }

  /** When `time` is wanted next, on the clock of `at`. */
  get deadline(): Millis | undefined {
    if (this.#over) return undefined;
    const {deadline, absence} = this.#dialogue;
    // No session is replaced for its age while the caller is away: it may never be needed.
    const rotation = absence.current ? undefined : this.#model.deadline;
    return earliest(deadline, this.#caller.deadline, this.#grace.deadline, this.#handOverBy, rotation);
  }

  on(event: CallEvent, at: Millis): CallEffect[] {
    if (this.#over) return [];
    const outcome = event.type === 'over' ? event.away : undefined;
    return this.#concluded(this.#react(event, at), {ahead: event.type === 'over', outcome}, at);
  }

  /**
   * A frame of the caller, fifty times a second: base64 μ-law that lies in `text`, from `from` up to, but not including,
   * `to`. Everything else waits for an event or a deadline, unless the frame may decide whether the caller interrupts.
   */
  callerFrame(timestamp: Millis, text: Buffer, from: number, to: number, at: Millis): FrameOutcome {
    if (this.#over) return 'kept';
    this.#phone.seen(at);
    const fate = this.#caller.frame(timestamp, text, from, to, at);
    const {floor} = this.#dialogue;
    floor.callerFrame(timestamp, at);
    if (typeof fate === 'string' && !floor.awaitsMinSpeech) return fate;
    const {before, isPassedOn} = typeof fate === 'string' ? {before: [], isPassedOn: fate === 'passOn'} : fate;
    const effects = [...floor.weighFrame(at), ...hear(before), ...(isPassedOn ? [PASS_ON] : [])];
    return this.#concluded(effects, {ahead: false}, at);
  }

  /**
   * Adds what follows from effects. `ahead`: the end of the call was reported over HTTP; `outcome`: and what came of the
   * caller's absence.
   */
  #concluded<Effect extends CallEffect | PassOn>(
    effects: Effect[],
    {ahead, outcome}: {readonly ahead: boolean; readonly outcome?: AwayOutcome | undefined},
    at: Millis,
  ): (Effect | CallEffect)[] {
    const all: (Effect | CallEffect)[] = effects;
    all.push(...this.#dialogue.afterwards(at));
    const replaced = [...this.#tendSession(at), ...this.#atBoundary(at), ...this.#tellHold(at)];
    all.push(...replaced);
    // Another session changes what is due, and no frame will ask for it.
    if (replaced.length > 0 && !all.some(isLast)) all.push(...this.#dialogue.afterwards(at), ...this.#tendSession(at));
    all.push(...this.#firstAudio.note(all, this.#dialogue.floor.hopMs, at));
    const last = all.find(isLast);
    if (!last) return all;
    this.#over = true;
    const rest = [
      ...this.#dialogue.lastTurn(this.#phone.heardFrom(ahead, at), at),
      ...this.#endedAway(last, outcome, at),
      ...this.#failovers.unfinished(at),
    ];
    return [...all.filter(effect => !isLast(effect)), ...rest, last];
  }

  #endedAway(last: CallEffect | PassOn, outcome: AwayOutcome | undefined, at: Millis): CallEffect[] {
    if (last.do !== 'end' && last.do !== 'leave') return [];
    return this.#dialogue.endedAway(outcome ?? outcomeAtEnd(last.reason), at);
  }

  #react(event: CallEvent, at: Millis): CallEffect[] {
    switch (event.type) {
      case 'edge':
        return this.#fromEdge(event.frame, event.epoch, at);
      case 'model':
        return this.#fromModel(event.event, at);
      case 'spareReady':
        this.#model.spareReady();
        return [];
      case 'spareLost':
        this.#model.spareLost(at);
        if (!this.#next) return [];
        // The caller was told that another one takes over: nobody is to wait for the next try.
        return this.#modelLost(
          {cause: 'unreachable', note: 'the session of another assistant is lost', detail: ''},
          at,
        );
      case 'toolFinished':
        return this.#dialogue.toolUse.finished(event, at);
      case 'assistantFound':
        return this.#assistantFound(event, at);
      case 'hop':
        this.#dialogue.floor.hopMs = event.ms;
        return [];
      case 'over':
        return [{do: 'end', reason: event.reason}];
      case 'returned':
        return this.#dialogue.absence.current?.record.away === event.away
          ? this.#dialogue.returned(event.outcome, at)
          : [];
      case 'transfer':
        return this.#dialogue.transfer(event.order, at);
      case 'answeredBy':
        return this.#dialogue.answeredBy(event.by, at);
      case 'limit':
        return this.#dialogue.limitReached(event.reason, at);
      case 'drain':
        this.#handOverBy ??= at + HAND_OVER_WITHIN_MS;
        return [];
      case 'time':
        return this.#time(at);
      default:
        return unreachable(event);
    }
  }

  #fromEdge(frame: EdgeEvent, epoch: number, at: Millis): CallEffect[] {
    if (frame.kind === 'mark') this.#phone.seen(at);
    switch (frame.kind) {
      case 'began': {
        this.#grace.began();
        const {streamSid, edge, sinceStartMs = 0, silentMs} = frame;
        const isSame = streamSid === (this.#streamSid ?? this.#before?.streamSid);
        this.#firstAudio.streamBegan(at - sinceStartMs);
        this.#streamSid = streamSid;
        if (this.#gap.ended({streamSid, silentMs})) this.#dialogue.callerCutOff();
        this.#caller.newStream(at);
        // The edge sends the last seconds again. What is already in the conversation must not be answered twice.
        if (this.#before?.streamSid === streamSid) this.#caller.skipUntil(this.#before.settledMs);
        const facts = [
          journal({is: 'stream', streamSid, edge, epoch, digits: this.#dialogue.streamBegan(streamSid)}),
          ...this.#failovers.streamBegan(edge, at, sinceStartMs, silentMs),
          ...this.#dialogue.absence.streamBegan(isSame, at),
        ];
        const apology = this.#apologise();
        if (apology.length > 0) return [...facts, ...apology];
        return [...facts, ...this.#dialogue.streamOpened(at)];
      }
      case 'mark':
        return this.#dialogue.floor.on({type: 'markReturned', name: frame.name}, at);
      case 'digit':
        return this.#dialogue.digit(frame, at);
      case 'counted':
        return [];
      case 'ended':
        this.#caller.streamLost();
        if (frame.why === 'hungUp') return [{do: 'end', reason: 'caller.hung-up'}];
        this.#dialogue.absence.streamEnded();
        if (this.#dialogue.absence.until === undefined) this.#grace.lost(this.heldUntil, at);
        else this.#grace.away(this.#dialogue.absence.until);
        // While Twilio asks the caller to wait, or has sent them elsewhere, nobody expects to be heard.
        if (this.heldUntil === undefined && !this.#dialogue.absence.current) {
          this.#gap.lost();
          this.#failovers.streamEnded(frame.why === 'moved', this.#phone.last(at));
        }
        return this.#dialogue.floor.on({type: 'streamLost'}, this.#phone.last(at));
      default:
        return unreachable(frame);
    }
  }

  #fromModel(event: ModelEvent, at: Millis): CallEffect[] {
    switch (event.type) {
      case 'ready':
        this.#model.ready(at);
        return this.#model.isReady ? [...this.#failovers.modelReady(at), ...this.#sessionOpened(at)] : [];
      case 'lost':
        return this.#modelLost(event, at);
      case 'callerSpoke':
        this.#caller.callerSpeaks(true);
        return this.#dialogue.callerSpoke(event.itemId, this.#caller.given.onsetAt(event.fromMs) ?? at, at);
      case 'callerStopped':
        this.#caller.callerSpeaks(false);
        return this.#dialogue.callerStopped(this.#caller.given.endedAt(event.untilMs), at);
      case 'mended':
        return [];
      case 'turnCommitted': {
        this.#caller.callerSpeaks(false);
        const timestamp = this.#caller.turnCommitted();
        const effects = this.#dialogue.on(event, at);
        const streamSid = this.#streamSid;
        if (timestamp === undefined || streamSid === undefined) return effects;
        return [...effects, journal({is: 'settled', streamSid, timestamp})];
      }
      case 'responseEnded':
        if (event.status === 'completed') this.#model.works();
        return this.#dialogue.on(event, at);
      default:
        return this.#dialogue.on(event, at);
    }
  }

  #sessionOpened(at: Millis): CallEffect[] {
    const next = this.#next;
    this.#next = undefined;
    const became = next ? this.#dialogue.becomes(next.assistant) : [];
    const effects = [...became, ...this.#dialogue.sessionOpened(at)];
    if (next) {
      const outcome = switched(next.assistant.name);
      effects.push(...this.#dialogue.toolUse.finished({callId: next.callId, outcome}, at));
    }
    return [...effects, ...hear(this.#caller.sessionOpened())];
  }

  /** The call is given to another assistant: a session with its voice is opened, and used at the next boundary. */
  #assistantFound({callId, assistant}: Extract<CallEvent, {type: 'assistantFound'}>, at: Millis): CallEffect[] {
    const isTooOften = this.#switches >= SWITCHES_AT_MOST;
    if (typeof assistant === 'string' || isTooOften) {
      const why = typeof assistant === 'string' ? assistant : `it was passed on ${SWITCHES_AT_MOST} times already`;
      return this.#dialogue.toolUse.finished({callId, outcome: cannotSwitch(why)}, at);
    }
    this.#switches += 1;
    this.#next = {callId, assistant};
    return this.#model.renew() ? [{do: 'dropSpare'}, {do: 'openSpare'}] : [];
  }

  #modelLost({cause, note, detail}: Omit<Extract<ModelEvent, {type: 'lost'}>, 'type'>, at: Millis): CallEffect[] {
    const effects: CallEffect[] = [{do: 'warn', what: 'the model session is lost', code: cause, note, detail}];
    if (this.#model.isReady) effects.push(...this.#sessionLost(at));
    this.#failovers.modelLost(at);
    return [...effects, ...this.#perform(this.#model.lost(cause), at)];
  }

  #sessionLost(at: Millis): CallEffect[] {
    this.#caller.sessionLost();
    return this.#dialogue.sessionLost(at);
  }

  #perform(step: SessionStep, at: Millis): CallEffect[] {
    switch (step.do) {
      case 'useSpare':
        this.#model.spareUsed(at);
        return [{do: 'useSpare'}, ...this.#failovers.modelRotated(at), ...this.#sessionOpened(at)];
      case 'replace':
        return [{do: 'openModel', after: 0}];
      case 'reopen':
        return [{do: 'openModel', after: step.after}];
      case 'give-up':
        // Without a stream, the apology waits for one.
        return this.#dialogue.floor.streamOpen ? this.#apologise() : [];
      case 'openSpare':
      case 'dropSpare':
        return [{do: step.do}];
      default:
        return step satisfies never;
    }
  }

  #apologise(): CallEffect[] {
    const {refusal} = this.#model;
    return refusal === undefined ? [] : [{do: 'leave', intent: 'apologise', reason: refusal}];
  }

  #time(at: Millis): CallEffect[] {
    const reason = this.#grace.over(at);
    if (reason !== undefined) return this.#neverBack(reason, at);
    const effects = [...hear(this.#caller.timePassed(at)), ...this.#dialogue.time(at)];
    const step = this.#dialogue.absence.current ? undefined : this.#model.due(at);
    return step ? [...effects, ...this.#perform(step, at)] : effects;
  }

  /** The caller has been without a stream for too long. */
  #neverBack(reason: EndReason, at: Millis): CallEffect[] {
    const absence = this.#dialogue.absence.current;
    const end = absence ? endOfAbsence(absence) : undefined;
    const ended = end ? this.#dialogue.endedAway(end.outcome, at) : [];
    return [...ended, {do: 'end', reason: end?.reason ?? reason}];
  }

  #tendSession(at: Millis): CallEffect[] {
    const step = this.#model.answerFrom(this.#dialogue.replies.session);
    if (!step) return [];
    if (step.do !== 'useSpare' && step.do !== 'replace') return this.#perform(step, at);
    const effects = this.#sessionLost(at);
    this.#failovers.modelLost(at);
    return [...effects, ...this.#perform(step, at)];
  }

  /** The caller is asked to wait for a rate limit once they have heard all that was said before. */
  #tellHold(at: Millis): CallEffect[] {
    const {floor, replies} = this.#dialogue;
    return floor.streamOpen && !floor.callerSpeaks && floor.quiet(at) ? replies.limit.tell(at) : [];
  }

  /** What waits for a turn boundary, so that the caller does not notice: a hand-over, a rotated session. */
  #atBoundary(at: Millis): CallEffect[] {
    const overdue = this.#handOverBy !== undefined && at >= this.#handOverBy;
    const mayChange = this.#next ? this.#dialogue.mayChangeVoice(at) : this.#dialogue.atTurnBoundary(at);
    if (!mayChange && !overdue) return [];
    if (this.#handOverBy !== undefined) {
      this.#handOverBy = undefined;
      return [{do: 'handOver'}];
    }
    return this.#model.isRotating && !this.#dialogue.absence.current ? this.#perform({do: 'useSpare'}, at) : [];
  }
}

function isLast(effect: CallEffect | PassOn): boolean {
  return effect.do === 'end' || effect.do === 'leave';
}
