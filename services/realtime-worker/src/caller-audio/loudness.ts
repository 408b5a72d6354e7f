import {decodeSample} from '@voicebridge/shared/protocol/audio.ts';

const SQUARES = Float64Array.from({length: 256}, (_, byte) => decodeSample(byte) ** 2);

/** Every fourth sample tells as well how loud speech is: 2 kHz of it. A worker looks at fifty frames a second of each call. */
const STEP = 4;

/** How loud μ-law audio is: the root of the mean square of its 16-bit samples. */
export function rms(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += STEP) sum += SQUARES[bytes[at] ?? 0] ?? 0;
  return Math.sqrt(sum / Math.max(1, Math.ceil(bytes.length / STEP)));
}
