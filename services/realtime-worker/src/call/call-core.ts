import {unreachable} from '@voicebridge/shared/errors.ts';
import {msOfBase64In} from '@voicebridge/shared/protocol/audio.ts';
import type {AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import {earliest, type Millis} from '@voicebridge/shared/time.ts';
import {CallerAudio} from '../caller-audio/caller-audio.ts';
import {type CallEffect, hear, PASS_ON, type PassOn} from '../events/call-effect.ts';
import type {CallEvent} from '../events/call-event.ts';
import {FailoverLog, type TakenOver} from '../journal/failover-log.ts';
import type {RestoredCall} from '../journal/restore-call.ts';
import type {ModelEvent, ServerRights} from '../model/model-adapter.ts';
import {outcomeAtEnd} from '../tools/absence.ts';
import type {DialogueSettings} from './dialogue-settings.ts';
import {Dialogue} from './dialogue.ts';
import {SessionControl} from './session-control.ts';
import {StreamControl} from './stream-control.ts';

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

/** Twilio sends a frame of this length at this interval. */
const FRAME_MS = 20;
/** A hand-over waits for a turn boundary, but not longer than this. */
const HAND_OVER_WITHIN_MS = 4_000;

/**
 * One call, with no socket and no timer in it: an event and the time in, effects out. Feeding it the same events again
 * plays the same call again.
 *
 *   event ──┬── of the caller's stream ──> StreamControl ──┐
 *           ├── of the model's session ──> SessionControl ─┼──> what follows from it (`#concluded`) ──> effects
 *           └── of what is said ─────────> Dialogue ───────┘
 */
export class CallCore {
  readonly #dialogue: Dialogue;
  readonly #caller = new CallerAudio();
  readonly #failovers: FailoverLog;
  readonly #session: SessionControl;
  readonly #stream: StreamControl;
  #handOverBy: Millis | undefined;
  #over = false;

  constructor(settings: CallSettings, at: Millis, restored?: RestoredCall) {
    const caller = this.#caller;
    const {callTime, worker, takenOver, rotateAfterMs, streamGraceMs: graceMs} = settings;
    const dialogue = (this.#dialogue = new Dialogue({...settings, given: caller.given}, at, restored));
    const failovers = (this.#failovers = new FailoverLog(callTime, worker, restored?.failovers ?? 0, takenOver));
    if (restored && restored.heldMs > 0) dialogue.replies.resumeHold(at + restored.heldMs);
    const switches = restored?.switches ?? 0;
    const session = (this.#session = new SessionControl({dialogue, caller, failovers, rotateAfterMs, switches}));
    this.#stream = new StreamControl({dialogue, session, caller, failovers, graceMs}, restored, at);
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

  /** How long the fastest of them took, in milliseconds; undefined until one was measured. */
  get fastestRoundTripMs(): Millis | undefined {
    return this.#dialogue.floor.fastestRoundTripMs;
  }

  /** Who has the floor. */
  speaks(at: Millis): 'caller' | 'assistant' | 'nobody' {
    const {floor} = this.#dialogue;
    if (floor.callerSpeaks) return 'caller';
    return floor.quiet(at) ? 'nobody' : 'assistant';
  }

  /** Until when the model is limited, if the caller was asked to wait for that. */
  get heldUntil(): Millis | undefined {
    return this.#stream.heldUntil;
  }

  /** The absence that the caller is in, by its number; undefined: the caller is here. */
  get awayNow(): number | undefined {
    return this.#dialogue.absence.current?.record.away;
  }

  /** When `time` is wanted next, on the clock of `at`. */
  get deadline(): Millis | undefined {
    if (this.#over) return undefined;
    const {deadline} = this.#dialogue;
    return earliest(deadline, this.#caller.deadline, this.#stream.deadline, this.#handOverBy, this.#session.deadline);
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
    this.#stream.frameCame(at);
    const fate = this.#caller.frame(timestamp, text, from, to, at);
    const {floor} = this.#dialogue;
    // The edge sends a new owner pieces of many frames: it left when the last of them did.
    floor.callerFrame(timestamp + Math.max(0, msOfBase64In(text, from, to) - FRAME_MS), at);
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
    const replaced = [...this.#session.tend(at), ...this.#atBoundary(at), ...this.#tellHold(at)];
    all.push(...replaced);
    // Another session changes what is due, and no frame will ask for it.
    if (replaced.length > 0 && !all.some(isLast)) all.push(...this.#dialogue.afterwards(at), ...this.#session.tend(at));
    all.push(...this.#stream.firstAudio(all, at));
    const last = all.find(isLast);
    if (!last) return all;
    this.#over = true;
    const rest = [
      ...this.#dialogue.lastTurn(this.#stream.heardFrom(ahead, at), at),
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
        return this.#stream.on(event.frame, event.epoch, at);
      case 'undelivered':
        return this.#dialogue.undelivered(event, at);
      case 'model':
        return this.#fromModel(event.event, at);
      case 'spareReady':
        this.#session.spareReady();
        return [];
      case 'spareLost':
        return this.#session.spareLost(at);
      case 'toolFinished':
        return this.#dialogue.toolUse.finished(event, at);
      case 'assistantFound':
        return this.#session.assistantFound(event, at);
      case 'paused':
        this.#dialogue.paused(event.from, at);
        return [];
      case 'hop':
        this.#dialogue.floor.hop.measured(event.ms);
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

  #fromModel(event: ModelEvent, at: Millis): CallEffect[] {
    switch (event.type) {
      case 'ready':
        return this.#session.ready(at);
      case 'lost':
        return this.#session.lost(event, at);
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
        return timestamp === undefined ? effects : [...effects, ...this.#stream.settled(timestamp)];
      }
      case 'responseEnded':
        if (event.status === 'completed') this.#session.works();
        return this.#dialogue.on(event, at);
      default:
        return this.#dialogue.on(event, at);
    }
  }

  #time(at: Millis): CallEffect[] {
    const end = this.#stream.neverBack(at);
    if (end) return end;
    return [...hear(this.#caller.timePassed(at)), ...this.#dialogue.time(at), ...this.#session.time(at)];
  }

  /** The caller is asked to wait for a rate limit once they have heard all that was said before. */
  #tellHold(at: Millis): CallEffect[] {
    const {floor, replies} = this.#dialogue;
    return floor.streamOpen && !floor.callerSpeaks && floor.quiet(at) ? replies.limit.tell(at) : [];
  }

  /** What waits for a turn boundary, so that the caller does not notice: a hand-over, a rotated session. */
  #atBoundary(at: Millis): CallEffect[] {
    const overdue = this.#handOverBy !== undefined && at >= this.#handOverBy;
    if (!this.#session.isAtBoundary(at) && !overdue) return [];
    if (this.#handOverBy === undefined) return this.#session.atBoundary(at);
    this.#handOverBy = undefined;
    return [{do: 'handOver'}];
  }
}

function isLast(effect: CallEffect | PassOn): boolean {
  return effect.do === 'end' || effect.do === 'leave';
}
