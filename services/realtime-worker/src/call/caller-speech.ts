import type {Millis} from '@voicebridge/shared/time.ts';
import type {InterruptionLog} from '../journal/interruption-log.ts';
import {StuckSpeech} from './stuck-speech.ts';
import type {TurnLog} from '../journal/turn-log.ts';

/** Passes the caller's speech, as the model hears it, to the parts that measure it. */
export class CallerSpeech {
  readonly #interruptions: InterruptionLog;
  readonly #turns: TurnLog;
  readonly #stuck: StuckSpeech;

  /** `loudUntil`: when the caller's last loud frame arrived, of those that came since a moment. */
  constructor(interruptions: InterruptionLog, turns: TurnLog, loudUntil: (since: Millis) => Millis | undefined) {
    this.#interruptions = interruptions;
    this.#turns = turns;
    this.#stuck = new StuckSpeech(loudUntil);
  }

  get deadline(): Millis | undefined {
    return this.#stuck.deadline;
  }

  /** `onset`: when the first of it arrived here. */
  began(onset: Millis, at: Millis): void {
    this.#stuck.callerSpoke(onset, at);
    this.#interruptions.callerSpoke(onset, at);
    this.#turns.callerSpoke(onset);
  }

  /** `endedAt`: when the last of it arrived here, if that can be told. Returns how long the caller spoke. */
  ended(endedAt: Millis | undefined, at: Millis): Millis {
    this.#stuck.callerStopped();
    this.#turns.callerStopped(endedAt, at);
    return this.#interruptions.spokenMs(endedAt ?? at);
  }

  /** When it ended by the caller's frames, if the model should have reported that long ago. */
  overdueSince(at: Millis): Millis | undefined {
    return this.#stuck.stoppedAt(at);
  }
}
