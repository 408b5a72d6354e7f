import type {InterruptionRecord} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from '../events/call-effect.ts';
import type {Interruption} from '../barge-in/floor-events.ts';
import type {SpeechLocator} from '../caller-audio/speech-locator.ts';
import {timingLine} from '../barge-in/timing-line.ts';

interface Settings {
  /** Milliseconds since the call began, at a moment of this worker's clock. */
  readonly callTime: (at: Millis) => Millis;
  /** The caller audio that the current model session was given. */
  readonly given: Pick<SpeechLocator, 'loudUntil' | 'isSpeech' | 'latestLevels'>;
}

/** Numbers the interruptions of a call and writes their records. */
export class InterruptionLog {
  readonly #settings: Settings;
  #count: number;
  #onset: Millis | undefined;
  #reportedAt: Millis | undefined;

  constructor(settings: Settings, count: number) {
    this.#settings = settings;
    this.#count = count;
  }

  /** `onset`: when the first frame of that speech arrived here. `at`: when the model reported it. */
  callerSpoke(onset: Millis, at: Millis): void {
    this.#onset = onset;
    this.#reportedAt = at;
  }

  /** How long the caller spoke, in milliseconds, if the last frame of the speech arrived at `ended`. */
  spokenMs(ended: Millis): Millis {
    return Math.max(0, ended - (this.#onset ?? ended));
  }

  /** `isFalse`: it was a noise, and the reply went on. `audibleSince`: when the first audio of the reply was sent. */
  record(
    interruption: Interruption,
    isFalse: boolean,
    {turn, audibleSince}: {readonly turn: number; readonly audibleSince: Millis | undefined},
  ): CallEffect[] {
    const at = this.#settings.callTime(Math.min(this.#reportedAt ?? interruption.at, interruption.at));
    const numbers = {interruption: this.#count, turn, at};
    this.#count += 1;
    const overlap = this.#overlap(interruption, audibleSince);
    const record = interruptionRecord(interruption, numbers, overlap, isFalse);
    return [
      journal({is: 'interruption', interruption: record}),
      {do: 'timing', line: timingLine(interruption, isFalse ? 'resumed' : 'interrupted')},
    ];
  }

  /**
   * The two voices overlap at Twilio, from the caller's onset there until the clear arrives there. So the round trip is
   * added to the time that passed here. Talk-over is shorter if the assistant began after the caller, or the caller
   * stopped before the assistant.
   */
  #overlap({at, roundTrip}: Interruption, audibleSince: Millis | undefined): Overlap {
    const onset = this.#onset;
    if (onset === undefined) return {tStopMs: null, talkOverMs: null};
    const tStopMs = Math.max(0, at - onset) + (roundTrip ?? 0);
    const audible = audibleSince === undefined ? tStopMs : Math.max(0, at - audibleSince);
    const spoken = (this.#settings.given.loudUntil(onset) ?? Number.POSITIVE_INFINITY) + FRAME_MS - onset;
    return {tStopMs, talkOverMs: Math.min(tStopMs, audible, spoken)};
  }
}

interface Overlap {
  readonly tStopMs: Millis | null;
  readonly talkOverMs: Millis | null;
}

/** The record of an interruption. The shell fills in `reactionMs`: it knows when events came in and frames went out. */
function interruptionRecord(
  {cuts, heard, proven, sent, unheardMs}: Interruption,
  numbers: {interruption: number; turn: number; at: Millis},
  overlap: Overlap,
  isFalse: boolean,
): InterruptionRecord {
  return {
    ...numbers,
    reactionMs: null,
    ...overlap,
    unheardMs,
    truncatedAtMs: cuts[0]?.audioEndMs ?? null,
    uncertaintyMs: Math.max(0, Math.min(sent, heard + UNPROVEN_MS) - proven) / 2,
    refused: false,
    false: isFalse,
  };
}

const FRAME_MS = 20;
/** A mark follows each audio delta of the model, so at most about this much audio is not covered by a mark. */
const UNPROVEN_MS = 250;
