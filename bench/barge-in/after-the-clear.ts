import type {Millis} from '@voicebridge/shared/time.ts';
import {readTagRuns} from '../../simulators/openai/src/audio/tagged-audio.ts';

/** A clear that reached Twilio: when, on the model's clock, and how many bytes had been played by then. */
export interface Clear {
  readonly at: Millis;
  readonly playedBytes: number;
}

interface Session {
  readonly speech: readonly {readonly startedAt: Millis}[];
  readonly responses: readonly {readonly items: readonly string[]; readonly firstAudioAt: Millis | undefined}[];
  readonly items: readonly {readonly id: string; readonly tag?: number | null | undefined}[];
}

/** From `speech_started` leaving the model to the clear that it caused arriving at Twilio. */
export function reactionsOf({speech}: Session, clears: readonly Clear[]): Millis[] {
  return clears.flatMap(({at}) => {
    const last = speech.findLast(({startedAt}) => startedAt <= at);
    return last ? [at - last.startedAt] : [];
  });
}

/** Bytes of a cleared reply that were played after its clear. */
export function leakedBytes({responses, items}: Session, clears: readonly Clear[], played: Uint8Array): number {
  const runs = readTagRuns(played);
  return clears.reduce((sum, {at, playedBytes}) => {
    const silenced = responses.findLast(({firstAudioAt}) => (firstAudioAt ?? Infinity) < at);
    const tags = new Set(items.flatMap(({id, tag}) => (silenced?.items.includes(id) ? [tag] : [])));
    const after = runs.filter(run => run.at >= playedBytes && tags.has(run.item));
    return sum + after.reduce((bytes, {fromMs, toMs}) => bytes + (toMs - fromMs) * 8, 0);
  }, 0);
}
