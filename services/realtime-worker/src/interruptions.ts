import type {InterruptionRecord} from '@voicebridge/shared/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from './call-effect.ts';
import type {Interruption} from './floor.ts';

/** The interruptions of a call, numbered, and what is kept of each. */
export class Interruptions {
  readonly #since: (at: Millis) => Millis;
  #count: number;
  #onset: Millis | undefined;

  /** `since`: milliseconds since the call began. */
  constructor(since: (at: Millis) => Millis, count: number) {
    this.#since = since;
    this.#count = count;
  }

  /** `onset`: when the first of that speech arrived here. */
  callerSpoke(onset: Millis): void {
    this.#onset = onset;
  }

  /** How long the caller spoke, when the last of it arrived at `ended`. */
  spokenMs(ended: Millis): Millis {
    return Math.max(0, ended - (this.#onset ?? ended));
  }

  /** `isFalse`: it was a noise, and the reply went on. */
  record(interruption: Interruption, isFalse: boolean, turn: number): CallEffect[] {
    const numbers = {interruption: this.#count, turn, at: this.#since(interruption.at)};
    this.#count += 1;
    const record = interruptionRecord(interruption, numbers, this.#onset, isFalse);
    return [
      journal({is: 'interruption', interruption: record}),
      {do: 'timing', line: timingLine(interruption, isFalse)},
    ];
  }
}

/**
 * What is kept of an interruption. The two voices overlap at Twilio, one way up and one way down from here: from the
 * caller's `onset` there to the moment the clear lands there, so both ways are added to what passed here. `reactionMs`
 * is for the shell to fill in: only it knows when an event came and when a frame went out.
 */
function interruptionRecord(
  {at, cuts, heard, proven, sent, unheardMs, roundTrip}: Interruption,
  numbers: {interruption: number; turn: number; at: Millis},
  onset: Millis | undefined,
  isFalse: boolean,
): InterruptionRecord {
  const overlap = onset === undefined ? null : Math.max(0, at - onset) + (roundTrip ?? 0);
  return {
    ...numbers,
    reactionMs: null,
    tStopMs: overlap,
    talkOverMs: overlap,
    unheardMs,
    truncatedAtMs: cuts[0]?.audioEndMs ?? null,
    uncertaintyMs: Math.max(0, Math.min(sent, heard + UNPROVEN_MS) - proven) / 2,
    refused: false,
    false: isFalse,
  };
}

/** A mark follows each delta of the model; it is never much later than this. */
const UNPROVEN_MS = 250;

/** One readable line of the arithmetic (SHOW_TIMING_MATH). */
function timingLine({cuts, heard, proven, sent, by, roundTrip, unheardMs}: Interruption, isFalse: boolean): string {
  const ms = (value: Millis) => `${Math.round(value)} ms`;
  const cut = cuts
    .map(({itemId, audioEndMs, receivedMs}) => `${itemId} at ${audioEndMs} of ${ms(receivedMs)}`)
    .join(', ');
  const way = roundTrip === undefined ? 'not measured' : ms(roundTrip);
  const heardHow = `${by === 'landing' ? 'measured' : 'estimated'} ${ms(heard)}`;
  const sums = `sent ${ms(sent)}, proven ${ms(proven)}, ${heardHow} (round trip ${way})`;
  return isFalse
    ? `noise: ${sums}, resumed with ${ms(unheardMs)} still to be heard`
    : `barge-in: ${sums}, cut ${cut || 'nothing'}`;
}
