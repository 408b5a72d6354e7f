import {decodeSample} from '@voicebridge/shared/protocol/audio.ts';

/** A sine as base64 16-bit little-endian PCM. `amplitude` is of 32,767. */
export function pcmTone(rateHz: number, ms: number, hz: number, amplitude = 8_000): string {
  const bytes = Buffer.alloc((rateHz / 1_000) * ms * 2);
  for (let at = 0; at < bytes.length / 2; at += 1)
    bytes.writeInt16LE(Math.round(amplitude * Math.sin((2 * Math.PI * hz * at) / rateHz)), at * 2);
  return bytes.toString('base64');
}

/** The samples of base64 PCM. */
export function pcmSamples(payload: string): number[] {
  const bytes = Buffer.from(payload, 'base64');
  return Array.from({length: bytes.length / 2}, (_, at) => bytes.readInt16LE(at * 2));
}

/** The samples of base64 μ-law. */
export function mulawSamples(payload: string): number[] {
  return [...Buffer.from(payload, 'base64')].map(decodeSample);
}

/** The joined bytes of base64 texts, each of which may have padding. */
export function joinBase64(payloads: readonly string[]): string {
  return Buffer.concat(payloads.map(payload => Buffer.from(payload, 'base64'))).toString('base64');
}

/** Root mean square of samples: 0.707 of a sine's amplitude. */
export function loudness(samples: readonly number[]): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

/** Differences in level, in decibels. */
export const decibels = (ratio: number): number => 20 * Math.log10(ratio);
