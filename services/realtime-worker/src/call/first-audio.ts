import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal, type PassOn} from '../events/call-effect.ts';
import {isAudible} from '../playback/digital-silence.ts';

/** Measures once when the caller first heard the assistant, from the start of the call's first stream. */
export class FirstAudio {
  /** When Twilio opened the call's first stream, one hop later. */
  #startedAt: Millis | undefined;
  #isOver: boolean;

  /** `isOver`: an earlier owner of the call measured it. */
  constructor(isOver: boolean) {
    this.#isOver = isOver;
  }

  streamBegan(startedAt: Millis): void {
    this.#startedAt ??= startedAt;
  }

  /** The measurement, if something audible is among `effects`. `hopMs`: from edge to worker. */
  note(effects: readonly (CallEffect | PassOn)[], hopMs: Millis | undefined, at: Millis): CallEffect[] {
    if (this.#isOver || !effects.some(isSound)) return [];
    this.#isOver = true;
    // The start arrived one hop late, and the audio is one hop away from the edge.
    const ms = Math.max(0, at - (this.#startedAt ?? at) + 2 * (hopMs ?? 0));
    return [journal({is: 'firstAudio', ms}), {do: 'measure', what: 'firstAudio', ms}];
  }
}

function isSound(effect: CallEffect | PassOn): boolean {
  return effect.do === 'edge' && effect.frame.kind === 'audio' && isAudible(effect.frame.payload);
}
