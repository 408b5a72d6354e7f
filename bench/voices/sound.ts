import {decodeSample} from '@voicebridge/shared/protocol/audio.ts';

/** 8 kHz mono samples on the scale of 16 bits, not yet rounded. */
export type Sound = Float64Array;

export const SAMPLES_PER_MS = 8;
const FULL_SCALE = 32_768;

export function fromMulaw(bytes: Uint8Array): Sound {
  return Float64Array.from(bytes, decodeSample);
}

/** G.711, with its clipping. */
export function toMulaw(sound: Sound): Buffer {
  return Buffer.from(Uint8Array.from(sound, encodeSample));
}

function encodeSample(sample: number): number {
  const magnitude = Math.min(32_635, Math.round(Math.abs(sample))) + 0x84;
  const exponent = Math.max(0, 24 - Math.clz32(magnitude));
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | mantissa) & 0xff;
}

/** How often an amplitude fits in full scale, as a factor of it. */
export function gain(decibels: number): number {
  return 10 ** (decibels / 20);
}

/** A copy whose level is so many dB of full scale: that of its active parts, where it is speech. */
export function atLevel(sound: Sound, decibels: number): Sound {
  const factor = (FULL_SCALE * gain(decibels)) / activeLevel(sound);
  return sound.map(sample => sample * factor);
}

const FRAME = 20 * SAMPLES_PER_MS;

/** The root mean square of the frames that are not pauses: within 20 dB of the loudest. */
function activeLevel(sound: Sound): number {
  const powers: number[] = [];
  for (let from = 0; from + FRAME <= sound.length; from += FRAME) {
    const frame = sound.subarray(from, from + FRAME);
    powers.push(frame.reduce((sum, sample) => sum + sample * sample, 0) / FRAME);
  }
  const loudest = powers.reduce((most, power) => Math.max(most, power), 0);
  const active = powers.filter(power => power >= loudest / 100);
  return Math.sqrt(active.reduce((sum, power) => sum + power, 0) / active.length);
}
