import fc from 'fast-check';
import {expect, test} from 'vitest';
import {peaksOf} from './peaks.ts';
import {PcmView, STORED_HEADER_BYTES, storedHeader} from './wav.ts';

const stereo = Buffer.from(Array.from({length: 1_000}, (_, index) => (index * 37) % 256));
const file = Buffer.concat([storedHeader(stereo.length), stereo]);

function read(view: PcmView, from: number, to: number): Buffer {
  return view.read(from, to, file.subarray(...view.stored(from, to)));
}

test('a player may ask for any part of a recording, and gets what is there in the whole', () => {
  const view = new PcmView(file.length);
  const whole = read(view, 0, view.bytes);
  expect(whole.length).toBe(view.bytes);
  fc.assert(
    fc.property(fc.nat(view.bytes - 1), fc.nat(view.bytes), (from, length) => {
      const to = Math.min(view.bytes, from + length);
      expect(read(view, from, to).equals(whole.subarray(from, to))).toBe(true);
    }),
  );
});

test('the headers say what is in the files: two channels at 8 kHz, of μ-law where it is stored, of 16 bits where it is played', () => {
  const view = new PcmView(file.length);
  const pcm = read(view, 0, view.bytes);
  for (const [bytes, format, bits] of [
    [file, 7, 8],
    [pcm, 1, 16],
  ] as const) {
    expect(bytes.toString('latin1', 0, 4) + bytes.toString('latin1', 8, 15)).toBe('RIFFWAVEfmt');
    expect([bytes.readUInt16LE(20), bytes.readUInt16LE(22), bytes.readUInt32LE(24)]).toEqual([format, 2, 8_000]);
    expect([bytes.readUInt16LE(34), bytes.readUInt32LE(4)]).toEqual([bits, bytes.length - 8]);
  }
  expect(file.indexOf('data') + 8).toBe(STORED_HEADER_BYTES);
});

test('the peaks of a call show who is loud in which 20 ms', () => {
  const audio = Buffer.alloc(16 * 60, 0xff);
  audio[16 * 25] = 0x00; // the caller, as loud as can be
  audio[16 * 45 + 1] = 0x80; // the assistant
  expect([...peaksOf(audio)]).toEqual([0, 0, 250, 0, 0, 250]);
});
