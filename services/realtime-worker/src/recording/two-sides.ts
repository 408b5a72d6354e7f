import {SILENCE} from '@voicebridge/shared/protocol/audio.ts';
import {STEREO_BYTES_PER_MS} from '@voicebridge/shared/recordings/chunk-key.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {AssistantSide} from './assistant-side.ts';
import {CallerSide} from './caller-side.ts';
import type {Way} from './recording.ts';

/** A piece of a recording: stereo μ-law, the caller left, the assistant right. */
export interface StereoPiece {
  /** Whole milliseconds since the call began. */
  readonly fromMs: Millis;
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

  /** `at`: the moment of the call from which on it is recorded. */
  constructor(at: Millis) {
    this.#from = Math.floor(at);
    this.#lastFrameAt = at;
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

  /** All from where the last piece ended up to `untilMs`; undefined if that is nothing. */
  take(untilMs: Millis): StereoPiece | undefined {
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
    return {fromMs, audio};
  }
}
