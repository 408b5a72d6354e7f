import {unreachable} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallerAudio} from '../caller-audio/caller-audio.ts';
import {type CallEffect, journal, type PassOn} from '../events/call-effect.ts';
import type {EdgeEvent} from '../events/call-event.ts';
import type {FailoverLog} from '../journal/failover-log.ts';
import type {RestoredCall} from '../journal/restore-call.ts';
import {endOfAbsence} from '../tools/absence.ts';
import {CallerGap} from './caller-gap.ts';
import type {Dialogue} from './dialogue.ts';
import {FirstAudio} from './first-audio.ts';
import {PhoneSign} from './phone-sign.ts';
import type {SessionControl} from './session-control.ts';
import {StreamGrace} from './stream-grace.ts';

export interface StreamControlDeps {
  readonly dialogue: Dialogue;
  readonly session: SessionControl;
  readonly caller: CallerAudio;
  readonly failovers: FailoverLog;
  /** How long a call that had a stream may be without one before it is over. */
  readonly graceMs: Millis;
}

/** The caller's streams, which come and go: what an edge reports of them, and when a call without one is over. Pure. */
export class StreamControl {
  readonly #deps: StreamControlDeps;
  readonly #grace: StreamGrace;
  readonly #firstAudio: FirstAudio;
  readonly #phone = new PhoneSign();
  readonly #gap: CallerGap;
  readonly #before: RestoredCall['stream'];
  /** Since when the caller may have waited as another owner was lost; undefined once that was told. */
  #waitsSince: Millis | undefined;
  #streamSid: string | undefined;

  constructor(deps: StreamControlDeps, restored: RestoredCall | undefined, at: Millis) {
    this.#deps = deps;
    const {heldUntil} = this;
    const awayUntil = deps.dialogue.absence.until;
    const since = {isRestored: restored !== undefined, heldUntil, awayUntil};
    this.#grace = new StreamGrace(deps.graceMs, since, at);
    this.#firstAudio = new FirstAudio(restored?.greeted ?? false);
    this.#before = restored?.stream;
    this.#waitsSince = restored && at - restored.waitedMs;
    // Nobody expects to be heard while they are away.
    this.#gap = new CallerGap(awayUntil === undefined ? restored?.stream?.streamSid : undefined);
  }

  /** When a call without a stream is over; undefined while it has one. */
  get deadline(): Millis | undefined {
    return this.#grace.deadline;
  }

  /** Until when the model is limited, if the caller was asked to wait for that. */
  get heldUntil(): Millis | undefined {
    return this.#deps.dialogue.replies.limit.toldUntil;
  }

  /** A frame of the caller's audio came. */
  frameCame(at: Millis): void {
    this.#phone.seen(at);
  }

  /** As `PhoneSign.heardFrom`. */
  heardFrom(ahead: boolean, at: Millis): ReturnType<PhoneSign['heardFrom']> {
    return this.#phone.heardFrom(ahead, at);
  }

  /** When the caller first heard the assistant, if that is now, by these effects. */
  firstAudio(effects: readonly (CallEffect | PassOn)[], at: Millis): CallEffect[] {
    return this.#firstAudio.note(effects, this.#deps.dialogue.floor.hop.ms, at);
  }

  /** The caller's words up to this time of the stream are in the conversation: the next owner need not hear them again. */
  settled(timestamp: Millis): CallEffect[] {
    const streamSid = this.#streamSid;
    return streamSid === undefined ? [] : [journal({is: 'settled', streamSid, timestamp})];
  }

  on(frame: EdgeEvent, epoch: number, at: Millis): CallEffect[] {
    const {dialogue} = this.#deps;
    switch (frame.kind) {
      case 'began':
        return this.#began(frame, epoch, at);
      case 'mark':
        this.#phone.seen(at);
        return dialogue.floor.on({type: 'markReturned', name: frame.name}, at);
      case 'digit':
        return dialogue.digit(frame, at);
      case 'counted':
        return [];
      case 'ended':
        return this.#ended(frame.why, at);
      default:
        return unreachable(frame);
    }
  }

  /** The caller has been without a stream for too long, and the call is over; undefined: it is not. */
  neverBack(at: Millis): CallEffect[] | undefined {
    const reason = this.#grace.over(at);
    if (reason === undefined) return undefined;
    const {dialogue} = this.#deps;
    const absence = dialogue.absence.current;
    const end = absence ? endOfAbsence(absence) : undefined;
    const ended = end ? dialogue.endedAway(end.outcome, at) : [];
    return [...ended, {do: 'end', reason: end?.reason ?? reason}];
  }

  #began(frame: Extract<EdgeEvent, {kind: 'began'}>, epoch: number, at: Millis): CallEffect[] {
    const {dialogue, session, caller, failovers} = this.#deps;
    const {streamSid, edge, sinceStartMs = 0, silentMs, sent} = frame;
    this.#grace.began();
    const isSame = streamSid === (this.#streamSid ?? this.#before?.streamSid);
    this.#firstAudio.streamBegan(at - sinceStartMs);
    this.#streamSid = streamSid;
    const more = isSame && sent !== undefined ? dialogue.sentBefore(sent, at) : [];
    const waitsSince = isSame ? this.#waitsSince : undefined;
    this.#waitsSince = undefined;
    if (waitsSince !== undefined) dialogue.replies.takenOver(waitsSince, at - (silentMs ?? 0), at);
    if (this.#gap.ended({streamSid, silentMs})) dialogue.callerCutOff();
    caller.newStream(at);
    // The edge sends the last seconds again. What is already in the conversation must not be answered twice.
    if (this.#before?.streamSid === streamSid) caller.skipUntil(this.#before.settledMs);
    const facts = [
      ...more,
      journal({is: 'stream', streamSid, edge, epoch, digits: dialogue.streamBegan(streamSid)}),
      ...failovers.streamBegan(edge, at, sinceStartMs, silentMs),
      ...dialogue.absence.streamBegan(isSame, at),
    ];
    const apology = session.apologise();
    if (apology.length > 0) return [...facts, ...apology];
    return [...facts, ...dialogue.streamOpened(at)];
  }

  #ended(why: Extract<EdgeEvent, {kind: 'ended'}>['why'], at: Millis): CallEffect[] {
    const {dialogue, caller, failovers} = this.#deps;
    const {absence, floor} = dialogue;
    caller.streamLost();
    if (why === 'hungUp') return [{do: 'end', reason: 'caller.hung-up'}];
    absence.streamEnded();
    if (absence.until === undefined) this.#grace.lost(this.heldUntil, at);
    else this.#grace.away(absence.until);
    // While Twilio asks the caller to wait, or has sent them elsewhere, nobody expects to be heard.
    if (this.heldUntil === undefined && !absence.current) {
      this.#gap.lost();
      failovers.streamEnded(why === 'moved', this.#phone.last(at));
    }
    return floor.on({type: 'streamLost'}, this.#phone.last(at));
  }
}
