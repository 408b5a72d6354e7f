import type {InterruptionRecord} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from '../events/call-effect.ts';
import type {Interruption} from '../barge-in/floor-events.ts';
import type {SpeechLocator} from '../caller-audio/speech-locator.ts';
import {timingLine} from '../barge-in/timing-line.ts';

interface Settings {
  /** Milliseconds since the call began, at a moment of this worker's clock. */
  readonly callTime: (at: Millis) => Millis;
  /** What of the caller the model in use was given. */
  readonly given: Pick<SpeechLocator, 'loudUntil' | 'isSpeech' | 'latestLevels'>;
}

/** The interruptions of a call, numbered, and what is kept of each. */
export class InterruptionLog {
  readonly #settings: Settings;
  #count: number;
  #onset: Millis | undefined;
  #reportedAt: Millis | undefined;

  constructor(settings: Settings, count: number) {
    this.#settings = settings;
    this.#count = count;
  }

  /** `onset`: when the first of that speech arrived here; `at`: when the model said so. */
  callerSpoke(onset: Millis, at: Millis): void {
    this.#onset = onset;
    this.#reportedAt = at;
  }

  /** How long the caller spoke, when the last of it arrived at `ended`. */
  spokenMs(ended: Millis): Millis {
    return Math.max(0, ended - (this.#onset ?? ended));
  }

  /** `isFalse`: it was a noise, and the reply went on. `audibleSince`: since when the reply was spoken. */
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
   * The two voices overlap at Twilio, one way up and one way down from here: from the caller's onset there to the moment
   * the clear lands there, so both ways are added to what passed here. Talk-over is less where the assistant began
   * later than the caller, or the caller ended earlier than the assistant.
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

/**
 * What is kept of an interruption. `reactionMs` is for the shell to fill in: only it knows when an event came and when a
 * frame went out.
 */
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
/** A mark follows each delta of the model; it is never much later than this. */
const UNPROVEN_MS = 250;
