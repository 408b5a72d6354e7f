import {decodeSample} from '@voicebridge/shared/protocol/audio.ts';
import {describe, expect, test} from 'vitest';
import {decibels, joinBase64, loudness, mulawSamples, pcmSamples, pcmTone} from '../testing/pcm.ts';
import {encodeSample, MulawToPcm, PcmToMulaw} from './audio-conversion.ts';

const RATES = [8_000, 16_000, 24_000] as const;
const SLACK_MS = 2;

/** A sine as base64 μ-law at 8 kHz. */
function mulawTone(ms: number, hz: number, amplitude = 8_000): string {
  return Buffer.from(pcmSamples(pcmTone(8_000, ms, hz, amplitude)).map(encodeSample)).toString('base64');
}

/** Cuts base64 into chunks of this many bytes, one after the other, from the beginning again when they are used up. */
function inChunks(payload: string, sizes: readonly number[]): string[] {
  const bytes = Buffer.from(payload, 'base64');
  const chunks: string[] = [];
  for (let from = 0, at = 0; from < bytes.length; at += 1) {
    const size = sizes[at % sizes.length] ?? 1;
    chunks.push(bytes.subarray(from, from + size).toString('base64'));
    from += size;
  }
  return chunks;
}

function toMulaw(payload: string, rate: (typeof RATES)[number], sizes = [960]): string {
  const converter = new PcmToMulaw(rate);
  const chunks = inChunks(payload, sizes).map(chunk => converter.convert(chunk));
  return joinBase64([...chunks, converter.end()]);
}

/** The largest difference to a sine of the same frequency, as if it began at the first sample. */
function worstError(samples: readonly number[], rateHz: number, hz: number, amplitude: number): number {
  const errors = samples.map((sample, at) => Math.abs(sample - amplitude * Math.sin((2 * Math.PI * hz * at) / rateHz)));
  const edge = (rateHz / 1_000) * SLACK_MS; // the sine begins and ends abruptly: the filter rings there
  return Math.max(...errors.slice(edge, -edge));
}

test('every μ-law byte is decoded and encoded to itself; minus zero becomes zero', () => {
  for (let byte = 0; byte < 256; byte += 1) {
    expect(encodeSample(decodeSample(byte))).toBe(byte === 0x7f ? 0xff : byte);
  }
  expect([encodeSample(40_000), encodeSample(-40_000)]).toEqual([0x80, 0x00]);
});

describe.each(RATES)('audio of a model at %i Hz', rate => {
  test('is as loud on the phone, at all frequencies of speech', () => {
    for (const hz of [200, 440, 1_000, 2_000, 3_000]) {
      const heard = mulawSamples(toMulaw(pcmTone(rate, 500, hz), rate));
      expect(Math.abs(decibels(loudness(heard) / loudness(pcmSamples(pcmTone(rate, 500, hz)))))).toBeLessThan(0.3);
    }
  });

  test('lasts exactly as long on the phone, in whatever chunks it comes', () => {
    for (const sizes of [[960], [4_800], [1, 7, 333], [3]]) {
      expect(mulawSamples(toMulaw(pcmTone(rate, 700, 440), rate, sizes))).toHaveLength(700 * 8);
    }
  });

  test('has no clicks between chunks: it is the same as in one piece', () => {
    const tone = pcmTone(rate, 300, 440);
    const whole = toMulaw(tone, rate, [1_000_000]);
    for (const sizes of [[960], [1, 7, 333], [2_000, 1]]) expect(toMulaw(tone, rate, sizes)).toBe(whole);
  });

  test('is where it was, to the sample', () => {
    const error = worstError(mulawSamples(toMulaw(pcmTone(rate, 300, 440), rate)), 8_000, 440, 8_000);
    expect(error).toBeLessThan(300); // half a step of μ-law at this level is 128
  });

  test('that is silent stays digital silence', () => {
    expect(toMulaw(pcmTone(rate, 100, 0), rate)).toBe(Buffer.alloc(800, 0xff).toString('base64'));
  });

  test('starts over with each item: nothing of the last one sounds in the next', () => {
    const converter = new PcmToMulaw(rate);
    converter.convert(pcmTone(rate, 100, 440));
    converter.end();
    const next = joinBase64([converter.convert(pcmTone(rate, 100, 0)), converter.end()]);
    expect(next).toBe(Buffer.alloc(800, 0xff).toString('base64'));
  });

  test('of the caller reaches the model as loud as it was, and where it was', () => {
    for (const hz of [200, 440, 1_000, 3_000]) {
      const converter = new MulawToPcm(rate);
      const given = pcmSamples(joinBase64(inChunks(mulawTone(500, hz), [160]).map(frame => converter.convert(frame))));
      expect(Math.abs(decibels(loudness(given) / (8_000 * Math.SQRT1_2)))).toBeLessThan(0.3);
      expect(worstError(given, rate, hz, 8_000)).toBeLessThan(500);
    }
  });

  test('of the caller is held back for 2 ms at most, and no sample is lost or added', () => {
    const converter = new MulawToPcm(rate);
    const given = inChunks(mulawTone(1_000, 440), [160]).map(frame => pcmSamples(converter.convert(frame)).length);
    const perMs = rate / 1_000;
    expect(given.slice(1).every(length => length === 20 * perMs)).toBe(true);
    expect(given[0]).toBe(rate === 8_000 ? 20 * perMs : 18 * perMs);
  });

  test('of the caller has no clicks between frames', () => {
    const tone = mulawTone(300, 440);
    const convert = (sizes: number[]) => {
      const converter = new MulawToPcm(rate);
      return joinBase64(inChunks(tone, sizes).map(frame => converter.convert(frame)));
    };
    expect(convert([160])).toBe(convert([100_000]));
    expect(convert([1, 5, 77])).toBe(convert([100_000]));
  });
});

test.each([16_000, 24_000] as const)('what no phone can carry does not come back as another tone, at %i Hz', rate => {
  for (const hz of [4_500, 5_000, 7_000]) {
    const heard = mulawSamples(toMulaw(pcmTone(rate, 200, hz), rate)).slice(80, -80);
    expect(decibels((loudness(heard) + 1) / loudness(pcmSamples(pcmTone(rate, 200, hz))))).toBeLessThan(-40);
  }
});

test('audio that is louder than full scale after the filter is limited, and does not wrap around', () => {
  const square = Buffer.alloc(24 * 100 * 2);
  for (let at = 0; at < square.length / 2; at += 1) square.writeInt16LE(at % 48 < 24 ? 32_767 : -32_768, at * 2);
  const heard = mulawSamples(toMulaw(square.toString('base64'), 24_000));
  const jumps = heard.slice(1).filter((sample, at) => Math.sign(sample) !== Math.sign(heard[at] ?? 0)).length;
  expect(jumps).toBeLessThanOrEqual(100);
});
