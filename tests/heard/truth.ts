import type {Millis} from '@voicebridge/shared/time.ts';
import type {ModelItem} from '../../simulators/openai/src/model-item.ts';
import {readTagRuns} from '../../simulators/openai/src/tagged-audio.ts';

/** An item of the assistant as the model remembers it, and as the caller heard it, in milliseconds. */
export interface Heard {
  readonly item: ModelItem;
  readonly heardMs: Millis;
  readonly rememberedMs: Millis;
  readonly wasCut: boolean;
}

/** Compares the model's memory with what Twilio played. A piece played twice counts twice. */
export function compare(items: readonly ModelItem[], played: Uint8Array): Heard[] {
  const heard = new Map<number, Millis>();
  for (const {item, fromMs, toMs} of readTagRuns(played)) heard.set(item, (heard.get(item) ?? 0) + toMs - fromMs);
  return items.flatMap(item => {
    if (item.tag === undefined || item.generatedMs === 0) return [];
    const heardMs = heard.get(item.tag) ?? 0;
    return [{item, heardMs, rememberedMs: item.audioMs, wasCut: item.truncatedAtMs !== undefined}];
  });
}
