import {isRecord} from '../json/json-schema.ts';
import type {ModelItem} from './model-item.ts';

/** Audio tokens: 1 per 100 ms of a caller, 1 per 50 ms of the assistant. */
const USER_MS_PER_TOKEN = 100;
const ASSISTANT_MS_PER_TOKEN = 50;

/** About four characters a token. */
export const textTokens = (text: string) => Math.ceil(text.length / 4);

export const assistantAudioTokens = (ms: number) => Math.ceil(ms / ASSISTANT_MS_PER_TOKEN);

export interface Tokens {
  readonly text: number;
  readonly audio: number;
}

/** What the model reads before it answers: instructions, tools and the whole conversation so far. */
export function contextTokens(instructions: string, tools: readonly unknown[], items: readonly ModelItem[]): Tokens {
  let text = textTokens(instructions) + (tools.length > 0 ? textTokens(JSON.stringify(tools)) : 0);
  let audio = 0;
  for (const item of items) {
    text += textTokens(item.content === 'input_audio' ? '' : (item.transcript ?? '')) + textTokens(item.payload);
    audio += Math.ceil(item.audioMs / (item.role === 'user' ? USER_MS_PER_TOKEN : ASSISTANT_MS_PER_TOKEN));
  }
  return {text, audio};
}

/** What the items of one response cost, counting only what was generated. */
export function outputTokens(items: readonly ModelItem[]): Tokens {
  let text = 0;
  let audio = 0;
  for (const item of items) {
    text += textTokens(item.text) + textTokens(item.payload);
    audio += assistantAudioTokens(item.generatedMs);
  }
  return {text, audio};
}

/** Numbers of tokens as some servers give them: not whole. */
export function fractional(usage: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const halved = Object.entries(usage).map(([name, value]) => [
    name,
    typeof value === 'number' ? value + 0.5 : isRecord(value) ? fractional(value) : value,
  ]);
  return Object.fromEntries(halved);
}

/** The `usage` of a response. What an earlier response had read already is cached, in steps of 64 tokens. */
export function usage(input: Tokens, output: Tokens, readBefore: Tokens): Record<string, unknown> {
  const cached = {
    text: Math.floor(Math.min(input.text, readBefore.text) / 64) * 64,
    audio: Math.floor(Math.min(input.audio, readBefore.audio) / 64) * 64,
  };
  return {
    total_tokens: input.text + input.audio + output.text + output.audio,
    input_tokens: input.text + input.audio,
    output_tokens: output.text + output.audio,
    input_token_details: {
      text_tokens: input.text,
      audio_tokens: input.audio,
      image_tokens: 0,
      cached_tokens: cached.text + cached.audio,
      cached_tokens_details: {text_tokens: cached.text, audio_tokens: cached.audio, image_tokens: 0},
    },
    output_token_details: {text_tokens: output.text, audio_tokens: output.audio},
  };
}
