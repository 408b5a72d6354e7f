import type {Tokens} from '@voicebridge/shared/cdr/call-record.ts';
import {z} from 'zod';

/** No response has more; a record holds sums of these, and a sum must stay a whole number. */
const MOST_TOKENS = 10_000_000;
/** A number of tokens; anything else counts as 0, because an unreadable bill must not keep a response from ending. */
const count = z
  .number()
  .nonnegative()
  .transform(tokens => Math.min(Math.round(tokens), MOST_TOKENS))
  .catch(0);
const kinds = z.object({text_tokens: count, audio_tokens: count}).partial().nullish().catch(undefined);
const usage = z.object({
  input_token_details: z
    .object({text_tokens: count, audio_tokens: count, cached_tokens: count, cached_tokens_details: kinds})
    .partial()
    .nullish()
    .catch(undefined),
  output_token_details: kinds,
});

/** The tokens of a `response.done`, from its `usage`; undefined where there is none. */
export function tokensOf(raw: unknown): Tokens | undefined {
  const {data: used} = usage.safeParse(raw);
  if (!used) return undefined;
  const into = used.input_token_details;
  const cached = into?.cached_tokens_details;
  const out = used.output_token_details;
  const inputCachedText = cached?.text_tokens ?? 0;
  const inputCachedAudio = cached?.audio_tokens ?? 0;
  return {
    inputText: into?.text_tokens ?? 0,
    inputAudio: into?.audio_tokens ?? 0,
    inputCached: into?.cached_tokens ?? inputCachedText + inputCachedAudio,
    inputCachedText,
    inputCachedAudio,
    outputText: out?.text_tokens ?? 0,
    outputAudio: out?.audio_tokens ?? 0,
  };
}
