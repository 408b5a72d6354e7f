import {SILENCE} from '@voicebridge/shared/protocol/audio.ts';
import {type Sides, STEREO_BYTES_PER_MS} from '@voicebridge/shared/recordings/chunk-key.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {AssistantSide} from './assistant-side.ts';
import {CallerSide} from './caller-side.ts';
import type {Way} from './recording.ts';

/** A piece of a recording: stereo μ-law, the caller left, the assistant right. A side that it does not hold is silence. */
export interface StereoPiece {
  /** Whole milliseconds since the call began. */
  readonly fromMs: Millis;
  readonly sides: Sides;
  readonly audio: Buffer;
}

/**
 * Both sides of a call on one axis: the time of the call as the phone at the other end knew it. What comes from the phone
 * was spoken one way earlier, what goes to it is heard one way later.
 */
export class TwoSides {
  readonly #caller = new CallerSide();
  readonly #assistant = new AssistantSide();
  /** All before is taken. */
  #from: Millis;
  #way: Way = {there: 0, back: 0};
  #lastFrameAt: Millis;
  #pausedAt: Millis | undefined;
  #pauses: {readonly from: Millis; readonly until: Millis}[] = [];
  /** An owner before recorded the call too, and nothing of it was taken here yet. */
  #isInherited = false;
  #missedSince: Millis = Number.POSITIVE_INFINITY;

  /** `at`: the moment of the call from which on it is recorded. `inheritedMs`: as in `RecordedCall`. */
  constructor(at: Millis, inheritedMs?: Millis) {
    this.#from = Math.floor(at);
    this.#lastFrameAt = at;
    if (inheritedMs === undefined) return;
    this.#isInherited = true;
    this.#assistant.inherits(at + inheritedMs);
  }

  get fromMs(): Millis {
    return this.#from;
  }

  way(way: Way): void {
    this.#way = way;
  }

  callerFrame(timestamp: Millis, text: Buffer, from: number, to: number, at: Millis): void {
    this.#lastFrameAt = at;
    this.#caller.frame(timestamp, text, from, to, at);
  }

  assistantAudio(payload: string, at: Millis): void {
    this.#assistant.audio(payload, at, this.#way.there);
  }

  /** The phone is told to drop what it has not played. */
  cleared(at: Millis): void {
    this.#assistant.cut(at + this.#way.there);
  }

  /** What was sent at `since` or later has not come to the phone; undefined: all of it has, in copies that left at `leftAt`. */
  late(since: Millis | undefined, leftAt: Millis): void {
    this.#assistant.late(since, leftAt + this.#way.there);
  }

  /** The phone's stream is gone, since about the last frame that came on it, and what was not played with it. */
  streamLost(): void {
    this.#assistant.cut(this.#lastFrameAt);
    this.#caller.newStream();
  }

  /** From now on nothing is recorded, until `goOn`. */
  pause(at: Millis): void {
    this.#pausedAt ??= at - this.#way.back;
  }

  goOn(at: Millis): void {
    if (this.#pausedAt !== undefined) this.#pauses.push({from: this.#pausedAt, until: at});
    this.#pausedAt = undefined;
  }

  /**
   * The owner before did not run any more from this moment on. What the caller said since then comes once more. Of what it
   * may have been told not to record, nothing is.
   */
  missedSince(sinceMs: Millis): void {
    if (this.#isInherited && this.#pausedAt === undefined) this.#missedSince = sinceMs;
  }

  /** When the phone will have played all that it was sent. */
  get playsUntilMs(): Millis {
    return this.#assistant.playsUntilMs;
  }

  /**
   * All from where the last piece ended up to `untilMs`. As long as the phone played what an owner before sent, the
   * assistant's side is that owner's.
   */
  take(untilMs: Millis): StereoPiece[] {
    if (this.#isInherited) this.#from = this.#begins();
    this.#isInherited = false;
    const inherited = Math.min(this.#assistant.inheritedUntilMs, untilMs);
    return [this.#take(inherited, 'caller'), this.#take(untilMs, undefined)].filter(piece => piece !== undefined);
  }

  /** Of what follows, only what the phone was sent from here is known; undefined if that is nothing. */
  takeAssistant(untilMs: Millis): StereoPiece | undefined {
    this.#from = Math.max(this.#from, this.#assistant.inheritedUntilMs);
    return this.#take(untilMs, 'assistant');
  }

  /** What the edge does not send again, the owner before has recorded. */
  #begins(): Millis {
    const firstAt = this.#caller.beginsAt(this.#way.back) ?? this.#from;
    return Math.max(0, Math.min(this.#from, Math.floor(Math.max(this.#missedSince, firstAt))));
  }

  #take(untilMs: Millis, sides: Sides): StereoPiece | undefined {
    const fromMs = this.#from;
    const until = Math.floor(untilMs);
    if (until <= fromMs) return undefined;
    const audio = Buffer.alloc((until - fromMs) * STEREO_BYTES_PER_MS, SILENCE);
    this.#caller.take(fromMs, until, this.#way.back, audio);
    this.#assistant.take(fromMs, until, audio);
    const pauses = this.#pausedAt === undefined ? this.#pauses : [...this.#pauses, {from: this.#pausedAt, until}];
    for (const pause of pauses) {
      const [from, to] = [Math.max(pause.from, fromMs), Math.min(pause.until, until)].map(Math.round);
      if (from !== undefined && to !== undefined && to > from)
        audio.fill(SILENCE, (from - fromMs) * STEREO_BYTES_PER_MS, (to - fromMs) * STEREO_BYTES_PER_MS);
    }
    this.#pauses = this.#pauses.filter(pause => pause.until > until);
    this.#from = until;
    return {fromMs, sides, audio};
  }
}
