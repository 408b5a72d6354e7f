import {decodeSample} from '@voicebridge/shared/protocol/audio.ts';
import {STEREO_BYTES_PER_MS} from '@voicebridge/shared/recordings/chunk-key.ts';

/** One pair of peaks stands for this many milliseconds. */
export const PEAK_MS = 20;
const PEAK_BYTES = PEAK_MS * STEREO_BYTES_PER_MS;
/** 0 to 255 for each μ-law byte: how far it is from silence. */
const LOUDNESS = Uint8Array.from({length: 256}, (_, byte) => Math.min(255, Math.abs(decodeSample(byte)) >> 7));

/** How loud each side is, two bytes for each 20 ms (the caller, the assistant), for drawing the waveform of a call. */
export function peaksOf(stereo: Buffer): Buffer {
  const peaks = Buffer.alloc(Math.ceil(stereo.length / PEAK_BYTES) * 2);
  for (const [index, byte] of stereo.entries()) {
    const place = Math.floor(index / PEAK_BYTES) * 2 + (index % 2);
    peaks[place] = Math.max(peaks[place] ?? 0, LOUDNESS[byte] ?? 0);
  }
  return peaks;
}
