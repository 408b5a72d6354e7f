import {silence} from '@voicebridge/shared/protocol/audio.ts';
import {expect, test} from 'vitest';
import {isLoud} from './loudness.ts';

test('a quiet line is not loud, a voice is', () => {
  expect(isLoud(silence(20))).toBe(false);
  expect(
    isLoud(Buffer.from(Array.from({length: 160}, (_, at) => (at % 16 < 8 ? 0x10 : 0x90))).toString('base64')),
  ).toBe(true);
  expect(isLoud('')).toBe(false);
});
