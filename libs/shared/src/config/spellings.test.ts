import {expect, test} from 'vitest';
import {spellingsOf} from './spellings.ts';

test.each([
  ['https://voice.example.com', ['https://voice.example.com', 'https://voice.example.com:443']],
  ['wss://edge.example.com:8443/a', ['wss://edge.example.com/a', 'wss://edge.example.com:8443/a']],
  ['ws://127.0.0.1:5051', ['ws://127.0.0.1', 'ws://127.0.0.1:5051']],
  ['https://[::1]:443', ['https://[::1]', 'https://[::1]:443']],
  [
    'https://Voice.Example.com',
    [
      'https://Voice.Example.com',
      'https://Voice.Example.com:443',
      'https://voice.example.com',
      'https://voice.example.com:443',
    ],
  ],
  ['nowhere', []],
])('the signature of %s is looked for in each spelling once', (address, spellings) => {
  expect(spellingsOf(address)).toEqual(spellings);
});
