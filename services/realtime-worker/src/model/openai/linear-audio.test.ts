import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {type ClipName, clips, readClip} from '../../../../../simulators/audio/clips.ts';
import {taggedAudio} from '../../../../../simulators/openai/src/audio/tagged-audio.ts';
import {MulawToPcm} from '../audio-conversion.ts';
import {LinearAudioCheck} from './linear-audio.ts';

const names = Object.keys(clips) as ClipName[];
const RATES = [16_000, 24_000] as const;

/** The first second of a recording as linear audio, so many times as loud. */
function linear(name: ClipName, rate: (typeof RATES)[number], gain = 1): Buffer {
  const bytes = Buffer.from(
    new MulawToPcm(rate).convert(readClip(name).subarray(0, 8_000).toString('base64')),
    'base64',
  );
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    const sample = Math.round(bytes.readInt16LE(at) * gain);
    bytes.writeInt16LE(Math.max(-32_768, Math.min(32_767, sample)), at);
  }
  return bytes;
}

/** How much goes on before it is known to be linear, in bytes; undefined: it is never known. `sizes`: those of its pieces. */
function heardBefore(audio: Buffer, sizes: readonly number[]): number | undefined {
  const check = new LinearAudioCheck();
  let from = 0;
  for (let piece = 0; from < audio.length; piece += 1) {
    const to = from + (sizes[piece % sizes.length] ?? 1);
    if (check.isLinear(audio.subarray(from, to).toString('base64'))) return from;
    from = to;
  }
  return undefined;
}

test.each(names)('the recording %s as linear audio is noticed before an eighth of a second of noise is heard', name => {
  for (const rate of RATES) {
    for (const gain of [0.05, 0.3, 1]) {
      for (const sizes of [[4_800], [4_801, 3], [333]]) {
        const audio = linear(name, rate, gain);
        const sounds = audio.findIndex((byte, at) => at % 2 === 0 && (byte !== 0 || audio[at + 1] !== 0));
        const noise = (heardBefore(audio, sizes) ?? Infinity) - sounds;
        expect(noise, `${rate} Hz, ${gain}, ${sizes.join()}`).toBeLessThan(1_000);
      }
    }
  }
});

describe('μ-law is not mistaken for linear audio:', () => {
  test.each(names)('the recording %s, wherever a session begins with it', name => {
    const audio = readClip(name);
    for (let from = 0; from < audio.length; from += 2_001)
      expect(heardBefore(audio.subarray(from, from + 6_000), [1_600])).toBeUndefined();
  });

  test('silence, tones, tagged audio and noise', () => {
    const wave = (...bytes: readonly number[]) =>
      Buffer.from(Array.from({length: 8_000}, (_, at) => bytes[at % bytes.length] ?? 0));
    const sounds = [
      wave(0xff),
      wave(0x7f),
      wave(0),
      wave(0, 0x80),
      wave(0x20, 0xff, 0xa0, 0xff),
      taggedAudio(3, 1_000),
    ];
    for (const audio of sounds)
      for (const from of [0, 1]) expect(heardBefore(audio.subarray(from), [1_600])).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({minLength: 1_000, maxLength: 4_000}), bytes => {
        expect(heardBefore(Buffer.from(bytes), [500])).toBeUndefined();
      }),
    );
  });
});

test('linear audio that begins with digital silence is noticed when it begins to sound', () => {
  const quiet = Buffer.alloc(48_000);
  const after = heardBefore(Buffer.concat([quiet, linear('assistant-greeting', 24_000)]), [4_800]);
  expect(after).toBeGreaterThan(43_200);
});

test('once half a second was μ-law nothing more is decoded', () => {
  const check = new LinearAudioCheck();
  expect(check.isLinear(readClip('assistant-greeting').subarray(0, 6_000).toString('base64'))).toBe(false);
  expect(check.isLinear(linear('assistant-greeting', 24_000).toString('base64'))).toBe(false);
});
