import fc from 'fast-check';
import {expect, test} from 'vitest';
import {rms, rmsOfBase64} from './loudness.ts';

test('the loudness of silence is 0, that of a square wave the level of its samples', () => {
  expect(rms(Buffer.alloc(160, 0xff))).toBe(0);
  expect(rms(Buffer.from(Array.from({length: 160}, (_, at) => (at % 16 < 8 ? 0x30 : 0xb0))))).toBe(3_900);
  expect(rms(Buffer.alloc(0))).toBe(0);
});

test('μ-law is as loud as base64 text as it is in bytes, wherever the text lies', () => {
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 200}), fc.nat({max: 40}), (bytes, before) => {
      const base64 = Buffer.from(bytes).toString('base64');
      const text = Buffer.from(`${'x'.repeat(before)}${base64}xxx`);
      expect(rmsOfBase64(text, before, before + base64.length)).toBe(rms(bytes));
    }),
  );
});
