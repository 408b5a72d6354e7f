import {BASE64_BITS, bytesOfBase64In, decodeSample} from './audio.ts';

const SQUARES = Float64Array.from({length: 256}, (_, byte) => decodeSample(byte) ** 2);

/** Every fourth sample (2 kHz) is enough to measure loudness. A worker measures fifty frames a second of each call. */
const STEP = 4;

/** The loudness of μ-law audio: root mean square of its 16-bit samples. */
export function rms(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += STEP) sum += SQUARES[bytes[at] ?? 0] ?? 0;
  return rootOfMean(sum, bytes.length);
}

/**
 * The same for μ-law as base64 text, which is not decoded for it: three of the samples that count lie in each sixteen
 * characters.
 */
export function rmsOfBase64(text: Uint8Array, from: number, to: number): number {
  const bytes = bytesOfBase64In(text, from, to);
  let sum = 0;
  let left = Math.ceil(bytes / STEP);
  for (let at = from; left > 0; at += 16, left -= 3) {
    sum += SQUARES[((bitsAt(text, at) << 2) | (bitsAt(text, at + 1) >> 4)) & 0xff] ?? 0;
    if (left > 1) sum += SQUARES[((bitsAt(text, at + 5) << 4) | (bitsAt(text, at + 6) >> 2)) & 0xff] ?? 0;
    if (left > 2) sum += SQUARES[((bitsAt(text, at + 10) << 6) | bitsAt(text, at + 11)) & 0xff] ?? 0;
  }
  return rootOfMean(sum, bytes);
}

function bitsAt(text: Uint8Array, at: number): number {
  return BASE64_BITS[text[at] ?? 0] ?? 0;
}

function rootOfMean(sum: number, bytes: number): number {
  return Math.sqrt(sum / Math.max(1, Math.ceil(bytes / STEP)));
}
