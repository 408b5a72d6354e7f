import {decodeSample} from '@voicebridge/shared/protocol/audio.ts';

const SQUARES = Float64Array.from({length: 256}, (_, byte) => decodeSample(byte) ** 2);

/** Every fourth sample (2 kHz) is enough to measure loudness. A worker measures fifty frames a second of each call. */
const STEP = 4;

/** The loudness of μ-law audio: root mean square of its 16-bit samples. */
export function rms(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += STEP) sum += SQUARES[bytes[at] ?? 0] ?? 0;
  return Math.sqrt(sum / Math.max(1, Math.ceil(bytes.length / STEP)));
}
