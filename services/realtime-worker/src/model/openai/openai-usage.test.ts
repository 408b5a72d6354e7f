import {expect, test} from 'vitest';
import {OpenAIReader} from './server-events.ts';

/** The tokens that a worker takes from `response.done` with this `usage`. */
function tokensOf(usage: unknown) {
  const response = {id: 'r1', status: 'completed', usage};
  const [ended] = new OpenAIReader().read(JSON.stringify({type: 'response.done', event_id: 'e1', response})).events;
  return ended?.type === 'responseEnded' ? ended.tokens : 'no end of a response';
}

const told = {
  input_token_details: {
    text_tokens: 500,
    audio_tokens: 900,
    cached_tokens: 1_024,
    cached_tokens_details: {text_tokens: 384, audio_tokens: 640},
  },
  output_token_details: {text_tokens: 20, audio_tokens: 300},
};
const known = {
  inputText: 500,
  inputAudio: 900,
  inputCached: 1_024,
  inputCachedText: 384,
  inputCachedAudio: 640,
  outputText: 20,
  outputAudio: 300,
};

test('cached tokens are counted by kind, as the model reports them', () => {
  expect(tokensOf(told)).toEqual(known);
});

test('the usage of a server that leaves out the kinds or the sum is read as far as it goes', () => {
  const {cached_tokens_details: kinds, ...input} = told.input_token_details;
  expect(tokensOf({...told, input_token_details: input})).toEqual({...known, inputCachedText: 0, inputCachedAudio: 0});
  const {cached_tokens: _, ...rest} = told.input_token_details;
  expect(tokensOf({...told, input_token_details: {...rest, cached_tokens_details: kinds}})).toEqual(known);
});

test.each([null, 'many', {input_token_details: 7, output_token_details: []}, {input_token_details: {text_tokens: -1}}])(
  'usage that is none (%j) never costs the end of a response',
  usage => {
    expect(tokensOf(usage)).not.toBe('no end of a response');
  },
);

test('a fraction of a token is rounded: a record holds counts', () => {
  expect(tokensOf({output_token_details: {audio_tokens: 12.4, text_tokens: null}})).toMatchObject({
    outputAudio: 12,
    outputText: 0,
  });
});

test('a count that no response can have is cut, so that the record can be sent and the bill has an end', () => {
  expect(tokensOf({output_token_details: {audio_tokens: 1e300, text_tokens: 2 ** 60}})).toMatchObject({
    outputAudio: 10_000_000,
    outputText: 10_000_000,
  });
});
