import {Tokens} from '@voicebridge/shared/cdr/call-record.ts';

export const NO_TOKENS: Tokens = Tokens.parse({
  inputText: 0,
  inputAudio: 0,
  inputCached: 0,
  outputText: 0,
  outputAudio: 0,
});

export function addTokens(one: Tokens, other: Tokens): Tokens {
  const sum = {...one};
  for (const kind of Tokens.keyof().options) sum[kind] += other[kind];
  return sum;
}
