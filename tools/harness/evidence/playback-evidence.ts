import type {Millis} from '@voicebridge/shared/time.ts';
import {readTagRuns} from '../../../simulators/openai/src/audio/tagged-audio.ts';

/** The part of a model's item that is compared; an item of another process has `null` where this one has nothing. */
interface Remembered {
  readonly tag?: number | null | undefined;
  readonly generatedMs: Millis;
  readonly audioMs: Millis;
  readonly truncatedAtMs?: Millis | null | undefined;
}

/** An item of the assistant as the model remembers it, and as the caller heard it, in milliseconds. */
export interface Heard<Item extends Remembered> {
  readonly item: Item;
  readonly heardMs: Millis;
  readonly rememberedMs: Millis;
  readonly wasCut: boolean;
}

/** Compares the model's memory with what Twilio played. A piece played twice counts twice. */
export function playbackEvidence<Item extends Remembered>(items: readonly Item[], played: Uint8Array): Heard<Item>[] {
  const heard = new Map<number, Millis>();
  for (const {item, fromMs, toMs} of readTagRuns(played)) heard.set(item, (heard.get(item) ?? 0) + toMs - fromMs);
  return items.flatMap(item => {
    if (typeof item.tag !== 'number' || item.generatedMs === 0) return [];
    const heardMs = heard.get(item.tag) ?? 0;
    return [{item, heardMs, rememberedMs: item.audioMs, wasCut: typeof item.truncatedAtMs === 'number'}];
  });
}
