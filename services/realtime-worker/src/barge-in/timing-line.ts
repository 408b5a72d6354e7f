import type {Millis} from '@voicebridge/shared/time.ts';
import type {Interruption} from './floor-events.ts';

/** The outcome of an interruption. */
type Outcome = 'interrupted' | 'resumed' | 'allHeard';

/** The log line of SHOW_TIMING_MATH for one interruption: the figures, and what was truncated. */
export function timingLine(interruption: Interruption, outcome: Outcome): string {
  const {cuts, heard, proven, sent, by, roundTrip, unheardMs} = interruption;
  const way = roundTrip === undefined ? 'not measured' : ms(roundTrip);
  const heardHow = `${by === 'landing' ? 'measured' : 'estimated'} ${ms(heard)}`;
  const sums = `sent ${ms(sent)}, proven ${ms(proven)}, ${heardHow} (round trip ${way})`;
  if (outcome === 'resumed') return `noise: ${sums}, resumed with ${ms(unheardMs)} still to be heard`;
  if (outcome === 'allHeard') return `barge-in: ${sums}, cut nothing: all of it was heard`;
  const cut = cuts.map(({itemId, audioEndMs, receivedMs}) => `${itemId} at ${audioEndMs} of ${ms(receivedMs)}`);
  return `barge-in: ${sums}, cut ${cut.join(', ')}`;
}

/** The log line of SHOW_TIMING_MATH where the assistant went on although the caller spoke. */
export const WENT_ON = {
  unanswered: 'no barge-in: the speech was over before the assistant yields to it',
  uninterruptible: 'no barge-in: this assistant finishes what it says',
} as const;

function ms(value: Millis): string {
  return `${Math.round(value)} ms`;
}
