import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallReport} from './call-report.ts';
import {BYTES_PER_MS} from '../phone/play-queue.ts';

const SILENCE = 0xff;
const MU_LAW = 7;
const CHANNELS = 2;
const RATE = 8000;

/** A call as a WAV file in μ-law: the caller on the left, on the right what the caller heard. */
export function callWav(report: CallReport): Buffer {
  const {startedAt, endedAt, streams} = report;
  const sampleAt = (at: Millis) => Math.max(0, Math.round((at - startedAt) * BYTES_PER_MS));
  const audio = Buffer.alloc(sampleAt(endedAt) * CHANNELS, SILENCE);
  const put = (bytes: Buffer, at: Millis, channel: 0 | 1) => {
    const first = sampleAt(at);
    for (const [index, byte] of bytes.entries()) {
      const place = (first + index) * CHANNELS + channel;
      if (place < audio.length) audio[place] = byte;
    }
  };
  for (const {openedAt, sentAudio, played, segments} of streams) {
    if (openedAt !== undefined) put(sentAudio, openedAt, 0);
    for (const {at, from, to} of segments) put(played.subarray(from, to), at, 1);
  }
  return Buffer.concat([header(audio.length), audio]);
}

function header(length: number): Buffer {
  const bytes = Buffer.alloc(44);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(36 + length, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(MU_LAW, 20);
  bytes.writeUInt16LE(CHANNELS, 22);
  bytes.writeUInt32LE(RATE, 24);
  bytes.writeUInt32LE(RATE * CHANNELS, 28);
  bytes.writeUInt16LE(CHANNELS, 32);
  bytes.writeUInt16LE(8, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(length, 40);
  return bytes;
}
