import {expect, test} from 'vitest';
import {misspelt} from './did-you-mean.ts';

const OURS = ['SYSTEM_MESSAGE', 'OPENAI_API_KEY', 'VOICE', 'HOST', 'PORT', 'MAX_CALLS'];

test.each([
  ['SYSTEM_MESAGE', 'SYSTEM_MESSAGE'],
  ['SYSTEM_MESSGAE', 'SYSTEM_MESSAGE'],
  ['SYSTEMMESSAGE', 'SYSTEM_MESSAGE'],
  ['OPENAI_APIKEY', 'OPENAI_API_KEY'],
  ['OPEN_AI_API_KEY', 'OPENAI_API_KEY'],
  ['openai_api_key', 'OPENAI_API_KEY'],
  ['VOCIE', 'VOICE'],
  ['MAX_CALL', 'MAX_CALLS'],
])('an operator who wrote %s meant %s', (name, meant) => {
  expect(misspelt([name], OURS)).toEqual([{name, meant}]);
});

test.each(['HOME', 'PATH', 'PWD', 'SHELL', 'EDGE_MAX_CALLS', 'AZURE_API_KEY', 'SYSTEM_MESSAGE', 'HOST', ''])(
  'an operator is not bothered about %s',
  name => {
    expect(misspelt([name], OURS)).toEqual([]);
  },
);
