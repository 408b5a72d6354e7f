import fc from 'fast-check';
import {expect, test} from 'vitest';
import {rms} from '../protocol/loudness.ts';
import {hushed} from './hushed-audio.ts';

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

test('nothing of a voice is left but how loud it was, in each 20 ms', () => {
  fc.assert(
    fc.property(fc.uint8Array({minLength: 160, maxLength: 800}), voice => {
      const hum = Buffer.from(hushed(base64(voice)), 'base64');
      expect(hum).toHaveLength(voice.length);
      for (let from = 0; from < voice.length; from += 160) {
        const was = rms(voice.subarray(from, from + 160));
        const is = rms(hum.subarray(from, from + 160));
        expect(Math.abs(is - was)).toBeLessThanOrEqual(4 + was * 0.05);
        // A hum of two levels at most: no sample of the voice tells it from another one that is as loud.
        expect(new Set(hum.subarray(from, from + 160)).size).toBeLessThanOrEqual(2);
      }
    }),
  );
});

test('silence stays silence, and what is hushed twice is hushed once', () => {
  expect(hushed(base64(new Uint8Array(160).fill(0xff)))).toBe(base64(new Uint8Array(160).fill(0xff)));
  const once = hushed(base64(Uint8Array.from({length: 160}, (_, at) => (at * 7) % 256)));
  expect(rms(Buffer.from(hushed(once), 'base64'))).toBeCloseTo(rms(Buffer.from(once, 'base64')), -1);
});
