import type {Millis} from '@voicebridge/shared/time.ts';
import type {Assistant} from '../assistant.ts';
import type {CallEffect, Fact} from '../events/call-effect.ts';
import type {EdgeEvent} from '../events/call-event.ts';
import {agreesBy, beginsAtOnce, endsGreeting} from './begins.ts';
import type {Recording} from './recording.ts';

export interface RecordingTapDeps {
  /** What must happen before the recording begins. */
  readonly rule: Pick<Assistant, 'recording' | 'recordingAfter'>;
  /** Opens the recording from a moment of the call on; undefined if there is none to be. `inheritedMs`: as in `RecordedCall`. */
  readonly open: (fromMs: Millis, inheritedMs: Millis | undefined) => Recording | undefined;
  /** How much of what owners before sent the phone has still to play, in milliseconds. */
  readonly aheadMs: (at: Millis) => Millis;
  /** Milliseconds since the call began, at a moment of this worker's clock. */
  readonly callTime: (at: Millis) => Millis;
  /** How long a message to the phone and back takes, usually and at the least, in milliseconds; undefined until it was measured. */
  readonly roundTrip: () => {readonly typical: Millis | undefined; readonly fastest: Millis | undefined};
  /** The recording begins, for the first time in this call. */
  readonly onBegin: (fromMs: Millis) => void;
  /** Called once, if the recording throws. */
  readonly onFailure: (thrown: unknown) => void;
}

/**
 * Gives a recording what both sides of a call say, from the frames that come in and the effects that go out. A recording
 * that throws is given nothing more: the call goes on without it.
 */
export class RecordingTap {
  readonly #deps: RecordingTapDeps;
  #recording: Recording | undefined;
  #streamSid: string | undefined;
  #isPaused = false;
  #isOver = false;

  constructor(deps: RecordingTapDeps) {
    this.#deps = deps;
  }

  /** The call is taken. `wasRecorded`: by an owner before, so the recording goes on; `streamSid`: the stream that it served. */
  taken(wasRecorded: boolean, at: Millis, streamSid?: string): void {
    this.#streamSid = streamSid;
    if (beginsAtOnce(this.#deps.rule, wasRecorded)) this.#begin(!wasRecorded, at);
  }

  /** What is written to the journal: the end of the greeting is there. */
  noted(fact: Fact, at: Millis): void {
    if (endsGreeting(fact, this.#deps.rule)) this.#begin(true, at);
  }

  /** A frame of the caller: base64 μ-law as text in `bytes`, from `from` up to, but not including, `to`. */
  callerFrame(timestamp: Millis, bytes: Buffer, from: number, to: number, at: Millis): void {
    this.#pass(recording => recording.callerFrame(timestamp, bytes, from, to, this.#deps.callTime(at)));
  }

  /** What the edge reports of the stream, and which keys the caller presses. */
  edge(frame: EdgeEvent, at: Millis): void {
    if (!this.#isPaused && agreesBy(frame, this.#deps.rule)) this.#begin(true, at);
    const isNew = frame.kind === 'began' && frame.streamSid !== this.#streamSid;
    if (isNew) this.#streamSid = frame.streamSid;
    const silentMs = frame.kind === 'began' ? frame.silentMs : undefined;
    if (silentMs !== undefined) this.#pass(recording => recording.missedSince(this.#deps.callTime(at - silentMs)));
    if (isNew || frame.kind === 'ended') this.#pass(recording => recording.streamLost());
  }

  effect(effect: CallEffect, at: Millis): void {
    if (effect.do !== 'edge') return;
    const {frame} = effect;
    // The first answer goes out soon after the way was measured for the first time.
    const {typical = 0, fastest = 0} = this.#deps.roundTrip();
    this.#pass(recording => recording.way({there: typical / 2, back: fastest / 2}));
    if (frame.kind === 'audio')
      this.#pass(recording => recording.assistantAudio(frame.payload, this.#deps.callTime(at)));
    if (frame.kind === 'clear') this.#pass(recording => recording.cleared(this.#deps.callTime(at)));
  }

  /** As `OnUndelivered`. What was given up is sent again, if it is ever heard. */
  undelivered(since: Millis | undefined, leftAt: Millis, gaveUp: boolean): void {
    const {callTime} = this.#deps;
    this.#pass(recording => {
      recording.late(since === undefined ? undefined : callTime(since), callTime(leftAt));
      if (gaveUp) recording.cleared(callTime(leftAt));
    });
  }

  /** Whether nothing is to be recorded for now: the caller enters digits. */
  pause(isOn: boolean, at: Millis): void {
    this.#isPaused = isOn;
    this.#pass(recording => {
      if (isOn) recording.pause(this.#deps.callTime(at));
      else recording.goOn(this.#deps.callTime(at));
    });
  }

  /** Once a second. */
  review(at: Millis): void {
    this.#pass(recording => recording.review(this.#deps.callTime(at)));
  }

  ended(at: Millis): void {
    this.#pass(recording => recording.ended(this.#deps.callTime(at)));
    this.#over();
  }

  /**
   * Another worker has the call, or had it. `ranUntil`: since then this worker has heard and done nothing in it. `goesOn`: it
   * is known to be in progress.
   */
  left(ranUntil: Millis, at: Millis, goesOn: boolean): void {
    const {callTime} = this.#deps;
    this.#pass(recording => recording.left(callTime(ranUntil), callTime(at), goesOn));
    this.#over();
  }

  #over(): void {
    this.#isOver = true;
    this.#recording = undefined;
  }

  #begin(isFirst: boolean, at: Millis): void {
    if (this.#recording || this.#isOver) return;
    const fromMs = Math.floor(this.#deps.callTime(at));
    try {
      this.#recording = this.#deps.open(fromMs, isFirst ? undefined : this.#deps.aheadMs(at));
    } catch (thrown) {
      this.#isOver = true;
      return this.#deps.onFailure(thrown);
    }
    if (this.#recording && isFirst) this.#deps.onBegin(fromMs);
    if (this.#isPaused) this.pause(true, at);
  }

  #pass(give: (recording: Recording) => void): void {
    if (!this.#recording) return;
    try {
      give(this.#recording);
    } catch (thrown) {
      this.#isOver = true;
      this.#recording = undefined;
      this.#deps.onFailure(thrown);
    }
  }
}
