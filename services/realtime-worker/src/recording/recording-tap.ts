import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {CallEvent} from '../events/call-event.ts';
import type {Recording} from './recording.ts';

/** Gives a recording what both sides of a call say, from the events that come in and the effects that go out. */
export class RecordingTap {
  readonly #recording: Recording;
  readonly #callTime: (at: Millis) => Millis;

  /** `callTime`: milliseconds since the call began, at a moment of this worker's clock. */
  constructor(recording: Recording, callTime: (at: Millis) => Millis) {
    this.#recording = recording;
    this.#callTime = callTime;
  }

  event(event: CallEvent, at: Millis): void {
    if (event.type !== 'edge' || event.frame.kind !== 'audio') return;
    this.#recording.callerAudio(event.frame.payload, this.#callTime(at), event.frame.timestamp);
  }

  effect(effect: CallEffect, at: Millis): void {
    if (effect.do !== 'edge') return;
    if (effect.frame.kind === 'audio') this.#recording.assistantAudio(effect.frame.payload, this.#callTime(at));
    if (effect.frame.kind === 'clear') this.#recording.cleared(this.#callTime(at));
  }

  ended(at: Millis): void {
    this.#recording.ended(this.#callTime(at));
  }
}
