import type {Tokens} from '@voicebridge/shared/call-record.ts';

/** US dollars per million tokens, as published; the name says when they were looked up. */
export const PRICE_TABLE = '2026-10';
const PRICES: Readonly<
  Record<string, {text: number; textOut: number; audio: number; audioOut: number; cached: number}>
> = {
  'gpt-realtime-2.1': {text: 4, textOut: 24, audio: 32, audioOut: 64, cached: 0.4},
  'gpt-realtime-2.1-mini': {text: 0.6, textOut: 2.4, audio: 10, audioOut: 20, cached: 0.3},
};

/** What a call's tokens cost in US dollars; null for a model whose price is not known. */
export function costOf(model: string, tokens: Tokens): number | null {
  const price = PRICES[model];
  if (!price) return null;
  // The model counts cached tokens among the text and audio ones, and does not say here which they were: audio, mostly.
  const audio = Math.max(0, tokens.inputAudio - tokens.inputCached);
  const text = Math.max(0, tokens.inputText - Math.max(0, tokens.inputCached - tokens.inputAudio));
  const million =
    text * price.text +
    audio * price.audio +
    tokens.inputCached * price.cached +
    tokens.outputText * price.textOut +
    tokens.outputAudio * price.audioOut;
  return million / 1_000_000;
}
