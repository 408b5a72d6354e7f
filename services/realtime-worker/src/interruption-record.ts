import type {InterruptionRecord} from '@voicebridge/shared/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Interruption} from './playback-ledger.ts';

/**
 * What is kept of an interruption. `sinceOnset`: from the first of the caller's speech to now; the caller still heard
 * us for all of that, and for the way of the clear to Twilio.
 */
export function interruptionRecord(
  {cuts, heard, proven, sent}: Interruption,
  numbers: {interruption: number; turn: number; at: Millis},
  sinceOnset: Millis | null,
): InterruptionRecord {
  const unheardMs = Math.max(0, sent - heard);
  return {
    ...numbers,
    reactionMs: 0,
    tStopMs: sinceOnset,
    talkOverMs: sinceOnset,
    unheardMs,
    truncatedAtMs: cuts[0]?.audioEndMs ?? null,
    uncertaintyMs: (Math.min(sent, heard + 250) - proven) / 2,
    refused: false,
    false: false,
  };
}

/** One readable line of the arithmetic (SHOW_TIMING_MATH). */
export function timingLine({
  interruption,
  roundTrip,
}: {
  interruption: Interruption;
  roundTrip: Millis | undefined;
}): string {
  const {cuts, heard, proven, sent} = interruption;
  const ms = (value: Millis) => `${Math.round(value)} ms`;
  const cut = cuts
    .map(({itemId, audioEndMs, receivedMs}) => `${itemId} at ${audioEndMs} of ${ms(receivedMs)}`)
    .join(', ');
  const way = roundTrip === undefined ? 'not measured' : ms(roundTrip);
  return `barge-in: sent ${ms(sent)}, proven ${ms(proven)}, estimated ${ms(heard)} (round trip ${way}), cut ${cut || 'nothing'}`;
}
