import type {Tokens} from '@voicebridge/shared/cdr/call-record.ts';

/** US dollars per million tokens of one kind. */
interface Price {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
}

/** Names the version of the prices and of the rules below: the month in which the published prices were looked up. */
export const PRICE_TABLE = '2026-11';
const PRICES: Readonly<Record<string, {readonly text: Price; readonly audio: Price}>> = {
  'gpt-realtime-2.1': {
    text: {input: 4, cached: 0.4, output: 24},
    audio: {input: 32, cached: 0.4, output: 64},
  },
  'gpt-realtime-2.1-mini': {
    text: {input: 0.6, cached: 0.06, output: 2.4},
    audio: {input: 10, cached: 0.3, output: 20},
  },
};

/** The cost of a call's tokens in US dollars; null for a model whose prices are not known. */
export function costOf(model: string, tokens: Tokens): number | null {
  const price = PRICES[model];
  if (!price) return null;
  const cached = cachedByKind(tokens);
  const million =
    cost(price.text, tokens.inputText, cached.text, tokens.outputText) +
    cost(price.audio, tokens.inputAudio, cached.audio, tokens.outputAudio);
  return million / 1_000_000;
}

function cost(price: Price, input: number, cached: number, output: number): number {
  return (input - cached) * price.input + cached * price.cached + output * price.output;
}

/**
 * Cached tokens are included in the input tokens. If the model did not report their kind, they count as text first: a
 * cache holds the beginning of a conversation, and that is its instructions. The cost is then too high rather than too
 * low.
 */
function cachedByKind(tokens: Tokens): {readonly text: number; readonly audio: number} {
  const {inputText, inputAudio, inputCached, inputCachedText, inputCachedAudio} = tokens;
  const unknown = Math.max(0, inputCached - inputCachedText - inputCachedAudio);
  const text = Math.min(inputText, inputCachedText + unknown);
  const audio = Math.min(inputAudio, Math.max(inputCachedAudio, inputCached - text));
  return {text, audio};
}
