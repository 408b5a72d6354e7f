import {decodeSample} from '@voicebridge/shared/protocol/audio.ts';

/** A WAV file of stereo μ-law at 8 kHz, as it is stored: its header has a fixed length, and the audio follows. */
export const STORED_HEADER_BYTES = 58;
/** The same call as linear samples of 16 bits, as browsers play it. */
const PCM_HEADER_BYTES = 44;

const [RATE_HZ, CHANNELS] = [8_000, 2];
const [FORMAT_PCM, FORMAT_MULAW] = [1, 7];

/** The header of the stored file (RIFF WAVE, format 7 with its `fact` chunk). */
export function storedHeader(audioBytes: number): Buffer {
  const fact = Buffer.alloc(14); // two bytes that end the format, and the number of samples of a channel
  fact.write('fact', 2, 'latin1');
  fact.writeUInt32LE(4, 6);
  fact.writeUInt32LE(audioBytes / CHANNELS, 10);
  return headerOf({format: FORMAT_MULAW, bytesPerSample: 1, more: fact}, audioBytes);
}

interface Format {
  readonly format: number;
  readonly bytesPerSample: number;
  /** What stands between the format and the audio. */
  readonly more: Buffer;
}

function headerOf({format, bytesPerSample, more}: Format, audioBytes: number): Buffer {
  const header = Buffer.alloc(PCM_HEADER_BYTES + more.length);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(header.length - 8 + audioBytes, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(more.length === 0 ? 16 : 18, 16);
  header.writeUInt16LE(format, 20);
  header.writeUInt16LE(CHANNELS, 22);
  header.writeUInt32LE(RATE_HZ, 24);
  header.writeUInt32LE(RATE_HZ * CHANNELS * bytesPerSample, 28);
  header.writeUInt16LE(CHANNELS * bytesPerSample, 32);
  header.writeUInt16LE(bytesPerSample * 8, 34);
  more.copy(header, 36);
  header.write('data', 36 + more.length, 'latin1');
  header.writeUInt32LE(audioBytes, 40 + more.length);
  return header;
}

const pcmHeader = (audioBytes: number) =>
  headerOf({format: FORMAT_PCM, bytesPerSample: 2, more: Buffer.alloc(0)}, audioBytes);

const LINEAR = Int16Array.from({length: 256}, (_, byte) => decodeSample(byte));

/**
 * The stored file as a WAV file of 16-bit samples, of which any range can be read without the rest: not all browsers play
 * μ-law.
 */
export class PcmView {
  readonly #audioBytes: number;

  /** `storedBytes`: the length of the stored file. */
  constructor(storedBytes: number) {
    this.#audioBytes = Math.max(0, storedBytes - STORED_HEADER_BYTES);
  }

  get bytes(): number {
    return PCM_HEADER_BYTES + 2 * this.#audioBytes;
  }

  /** Which bytes of the stored file are needed for these of the view (`to` is not included). */
  stored(from: number, to: number): readonly [from: number, to: number] {
    const sample = (at: number) => Math.max(0, at - PCM_HEADER_BYTES) / 2;
    return [STORED_HEADER_BYTES + Math.floor(sample(from)), STORED_HEADER_BYTES + Math.ceil(sample(to))];
  }

  /** Those bytes of the view. `audio`: what `stored` asked for. */
  read(from: number, to: number, audio: Buffer): Buffer {
    const head = pcmHeader(2 * this.#audioBytes).subarray(from, Math.min(to, PCM_HEADER_BYTES));
    const samples = Buffer.alloc(audio.length * 2);
    for (const [index, byte] of audio.entries()) samples.writeInt16LE(LINEAR[byte] ?? 0, index * 2);
    const first = Math.max(0, from - PCM_HEADER_BYTES) % 2;
    return Buffer.concat([head, samples.subarray(first, first + to - from - head.length)]);
  }
}
