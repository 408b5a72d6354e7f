import {expect, test} from 'vitest';
import {rms} from './loudness.ts';

test('the loudness of silence is 0, that of a square wave the level of its samples', () => {
  expect(rms(Buffer.alloc(160, 0xff))).toBe(0);
  expect(rms(Buffer.from(Array.from({length: 160}, (_, at) => (at % 16 < 8 ? 0x30 : 0xb0))))).toBe(3_900);
  expect(rms(Buffer.alloc(0))).toBe(0);
});
