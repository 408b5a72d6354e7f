import {decodeSample} from '@voicebridge/shared/protocol/audio.ts';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {isAudible} from './digital-silence.ts';

test('audio is audible if one of its samples is louder than -60 dB of full scale, wherever that is', () => {
  // Mostly silence: both zeros, and the loudest byte that nobody hears.
  const byte = fc.oneof(
    {weight: 40, arbitrary: fc.constantFrom(0xff, 0x7f, 0xfb)},
    {weight: 1, arbitrary: fc.nat(255)},
  );
  fc.assert(
    fc.property(fc.array(byte, {maxLength: 60}), bytes => {
      const loud = bytes.some(each => Math.abs(decodeSample(each)) > 32);
      expect(isAudible(Buffer.from(bytes).toString('base64'))).toBe(loud);
    }),
    {numRuns: 1_000},
  );
});
