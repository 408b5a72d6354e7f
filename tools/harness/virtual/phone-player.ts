import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';
import type {Cancel, Clock} from '@voicebridge/shared/time.ts';
import {type MarkKnobs, MarkReturns} from '../../../simulators/twilio/src/media/mark-returns.ts';
import type {PlaybackKnobs} from '../../../simulators/twilio/src/phone/play-head.ts';
import {PlayQueue, type ReturnedMark} from '../../../simulators/twilio/src/phone/play-queue.ts';

interface PhonePlayerOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** How marks come back; as documented, if not given. */
  readonly marks?: MarkKnobs | undefined;
  /** How the phone plays; in real time, if not given. */
  readonly playback?: PlaybackKnobs | undefined;
  /** Keep the bytes that were played. */
  readonly keepsAudio: boolean;
  /** A mark comes back. */
  readonly onMark: (name: string) => void;
}

/** What a carrier does with our audio on a virtual clock: plays it, and returns marks. */
export class PhonePlayer {
  readonly queue: PlayQueue;
  readonly #clock: Clock;
  readonly #returns: MarkReturns;
  readonly #onMark: (name: string) => void;
  #wake: Cancel = () => {};
  #isOver = false;

  constructor({clock, random, marks = {}, playback, keepsAudio, onMark}: PhonePlayerOptions) {
    this.#clock = clock;
    this.queue = new PlayQueue(keepsAudio, playback);
    this.#returns = new MarkReturns(this.queue, marks, random);
    this.#onMark = onMark;
  }

  /** Whether the caller hears something now. */
  get isAudible(): boolean {
    this.queue.advance(this.#clock.now());
    return this.queue.audible(this.#clock.now());
  }

  play(audio: Buffer): void {
    this.#give(this.queue.enqueue(audio, this.#clock.now()).passed);
  }

  mark(name: string): void {
    this.#give(this.queue.mark(name, this.#clock.now()));
  }

  /** `cleared` runs before the marks come back, with the number of bytes that are not played. */
  clear(cleared: (discarded: number) => void = () => {}): void {
    const {discarded, returned} = this.queue.clear(this.#clock.now());
    cleared(discarded);
    this.#give(returned);
  }

  /** The stream has closed: no mark comes back any more. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  #give(marks: readonly ReturnedMark[]): void {
    const at = this.#clock.now();
    this.#returns.add(marks, at);
    for (const {name} of this.#returns.take(at)) this.#onMark(name);
    this.#wake();
    const dueAt = Math.min(this.queue.dueAt, this.#returns.dueAt);
    if (!Number.isFinite(dueAt) || this.#isOver) return;
    this.#wake = this.#clock.after(Math.max(0, dueAt - at), () => this.#give(this.queue.advance(this.#clock.now())));
  }
}
