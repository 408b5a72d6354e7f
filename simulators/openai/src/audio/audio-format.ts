import type {Millis} from '@voicebridge/shared/time.ts';

/** What the bytes of a direction mean; G.711 has no `rate` field. */
export type AudioFormat =
  | {readonly type: 'audio/pcmu'}
  | {readonly type: 'audio/pcma'}
  | {readonly type: 'audio/pcm'; readonly rate?: number};

/** 8 for G.711 (8 kHz, one byte a sample), 48 for PCM (24 kHz, two bytes a sample). */
export function bytesPerMs(format: AudioFormat): number {
  return format.type === 'audio/pcm' ? 48 : 8;
}

export function milliseconds(bytes: number, format: AudioFormat): Millis {
  return bytes / bytesPerMs(format);
}

/** The 16-bit sample of a μ-law byte (G.711). */
function fromMulaw(byte: number): number {
  const flipped = ~byte & 0xff;
  const magnitude = ((((flipped & 0x0f) << 3) + 0x84) << ((flipped >> 4) & 7)) - 0x84;
  return flipped & 0x80 ? -magnitude : magnitude;
}

/** The 16-bit sample of an A-law byte (G.711). */
function fromAlaw(byte: number): number {
  const flipped = byte ^ 0x55;
  const exponent = (flipped >> 4) & 7;
  const mantissa = ((flipped & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return flipped & 0x80 ? magnitude : -magnitude;
}

const MULAW = Int16Array.from({length: 256}, (_, byte) => fromMulaw(byte));
const ALAW = Int16Array.from({length: 256}, (_, byte) => fromAlaw(byte));
const MULAW_TO_ALAW = Uint8Array.from({length: 256}, (_, byte) => nearestAlaw(MULAW[byte] ?? 0));

function nearestAlaw(sample: number): number {
  let best = 0;
  for (let byte = 1; byte < 256; byte += 1) {
    if (Math.abs((ALAW[byte] ?? 0) - sample) < Math.abs((ALAW[best] ?? 0) - sample)) best = byte;
  }
  return best;
}

/** Adds up squared samples: `add` some bytes, and how many samples they were. */
export function energyOf(bytes: Buffer, from: number, to: number, format: AudioFormat): number {
  let sum = 0;
  if (format.type === 'audio/pcm') {
    for (let at = from; at + 1 < to; at += 2) {
      const sample = bytes.readInt16LE(at);
      sum += sample * sample;
    }
    return sum;
  }
  const table = format.type === 'audio/pcmu' ? MULAW : ALAW;
  for (let at = from; at < to; at += 1) {
    const sample = table[bytes[at] ?? 0] ?? 0;
    sum += sample * sample;
  }
  return sum;
}

/** Speech is stored as μ-law; a session that asked for another format gets it converted, PCM by repeating samples. */
export function convertMulaw(mulaw: Buffer, format: AudioFormat): Buffer {
  if (format.type === 'audio/pcmu') return mulaw;
  if (format.type === 'audio/pcma') return Buffer.from(mulaw.map(byte => MULAW_TO_ALAW[byte] ?? 0));
  const pcm = Buffer.allocUnsafe(mulaw.length * 6);
  for (let at = 0; at < mulaw.length; at += 1) {
    const sample = MULAW[mulaw[at] ?? 0] ?? 0;
    for (let copy = 0; copy < 3; copy += 1) pcm.writeInt16LE(sample, at * 6 + copy * 2);
  }
  return pcm;
}
