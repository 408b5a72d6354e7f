import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {Recording} from './recording.ts';

/**
 * Gives a recording what both sides of a call say, from the frames that come in and the effects that go out. A recording
 * that throws is given nothing more: the call goes on without it.
 */
export class RecordingTap {
  #recording: Recording | undefined;
  #isPaused = false;
  readonly #callTime: (at: Millis) => Millis;
  readonly #onFailure: (thrown: unknown) => void;

  /** `callTime`: milliseconds since the call began, at a moment of this worker's clock. `onFailure` is called once. */
  constructor(recording: Recording, callTime: (at: Millis) => Millis, onFailure: (thrown: unknown) => void) {
    this.#recording = recording;
    this.#callTime = callTime;
    this.#onFailure = onFailure;
  }

  /** Whether nothing is to be recorded for now: the caller enters digits. */
  pause(isOn: boolean): void {
    this.#isPaused = isOn;
  }

  /** A frame of the caller: base64 μ-law as text in `bytes`, from `from` up to, but not including, `to`. */
  callerFrame(timestamp: Millis, bytes: Buffer, from: number, to: number, at: Millis): void {
    if (this.#isPaused) return;
    const payload = bytes.toString('latin1', from, to);
    this.#pass(recording => recording.callerAudio(payload, this.#callTime(at), timestamp));
  }

  effect(effect: CallEffect, at: Millis): void {
    if (effect.do !== 'edge') return;
    const {frame} = effect;
    if (frame.kind === 'audio' && !this.#isPaused)
      this.#pass(recording => recording.assistantAudio(frame.payload, this.#callTime(at)));
    if (frame.kind === 'clear') this.#pass(recording => recording.cleared(this.#callTime(at)));
  }

  ended(at: Millis): void {
    this.#pass(recording => recording.ended(this.#callTime(at)));
  }

  #pass(give: (recording: Recording) => void): void {
    if (!this.#recording) return;
    try {
      give(this.#recording);
    } catch (thrown) {
      this.#recording = undefined;
      this.#onFailure(thrown);
    }
  }
}
