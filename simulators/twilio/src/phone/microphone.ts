import type {Millis} from '@voicebridge/shared/time.ts';
import {type AudioFrame, audioFrame, framesOf, silence} from './audio-frames.ts';
import {tagFrame} from './frame-tag.ts';
import {FRAME_MS} from './frame-clock.ts';

/** Something the caller said: from its first speech frame leaving the phone to the end of its last. */
export interface Spoken {
  readonly clip: string;
  readonly startedAt: Millis;
  readonly endedAt: Millis;
}

interface Utterance {
  readonly clip: string;
  readonly frames: readonly AudioFrame[];
  next: number;
  startedAt: Millis;
}

/** What the caller's phone picks up: queued utterances one after the other, and a quiet line between them. */
export class Microphone {
  readonly #tag: number | undefined;
  readonly #spoken: Spoken[] = [];
  #queue: Utterance[] = [];
  #frames = 0;

  constructor(tag?: number) {
    this.#tag = tag;
  }

  say(clip: string, audio: Buffer): void {
    if (audio.length > 0) this.#queue.push({clip, frames: framesOf(audio), next: 0, startedAt: 0});
  }

  /** The frame that leaves at `at`, with what began or ended with it. */
  next(at: Millis): {frame: AudioFrame; began?: string; ended?: Spoken} {
    const number = this.#frames++;
    const talking = this.#queue[0];
    if (!talking)
      return {frame: this.#tagged(silence[number % silence.length] ?? audioFrame(Buffer.alloc(0), false), number)};
    const plain = talking.frames[talking.next++];
    if (!plain) throw new Error('an utterance without frames');
    const frame = this.#tagged(plain, number);
    const first = talking.next === 1;
    if (first) talking.startedAt = at;
    const began = first ? {began: talking.clip} : {};
    if (talking.next < talking.frames.length) return {frame, ...began};
    this.#queue.shift();
    const ended = {clip: talking.clip, startedAt: talking.startedAt, endedAt: at + FRAME_MS};
    this.#spoken.push(ended);
    return {frame, ...began, ended};
  }

  /** The line is dead: an utterance that was cut off counts up to here. */
  stop(at: Millis): void {
    const talking = this.#queue[0];
    if (talking && talking.next > 0) this.#spoken.push({clip: talking.clip, startedAt: talking.startedAt, endedAt: at});
    this.#queue = [];
  }

  get talking(): boolean {
    return this.#queue.length > 0;
  }

  get spoken(): readonly Spoken[] {
    return this.#spoken;
  }

  #tagged(frame: AudioFrame, number: number): AudioFrame {
    return this.#tag === undefined
      ? frame
      : audioFrame(tagFrame(frame.bytes, {tag: this.#tag, frame: number}), frame.speech);
  }
}
