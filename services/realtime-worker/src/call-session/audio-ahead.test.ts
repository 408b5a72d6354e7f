import {expect, test} from 'vitest';
import {AudioAhead} from './audio-ahead.ts';

test('a model that is five minutes ahead waits until four are left', () => {
  const ahead = new AudioAhead();
  expect([60_000, 300_000, 300_001, 299_000, 240_001, 240_000, 299_000].map(ms => ahead.look(ms))).toEqual([
    false,
    false,
    true,
    true,
    true,
    false,
    false,
  ]);
});

test('it is looked at after every few seconds of audio, and not for each piece', () => {
  const ahead = new AudioAhead();
  let looks = 0;
  for (let piece = 0; piece < 1_000; piece += 1) {
    if (!ahead.came(216)) continue;
    looks += 1;
    ahead.look(0);
  }
  expect(looks).toBe(5);
});
