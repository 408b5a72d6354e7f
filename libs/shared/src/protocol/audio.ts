import type {Millis} from '../time.ts';

/** Bytes in one millisecond of μ-law at 8 kHz, mono: one byte a sample, on every wire of a call. */
export const BYTES_PER_MS = 8;

/** μ-law silence. Carriers send a mix of 0xFF and 0x7F (minus zero); both decode to 0. */
export const SILENCE = 0xff;

/** The padding at the end of base64. */
const EQUALS = 0x3d;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** The six bits that a character of base64 stands for, by its code. */
export const BASE64_BITS = new Uint8Array(256);
for (const [bits, character] of Buffer.from(ALPHABET).entries()) BASE64_BITS[character] = bits;

/** 1 for a character that base64 may have, padding included. */
const IN_BASE64 = new Uint8Array(256);
for (const character of Buffer.from(`${ALPHABET}=`)) IN_BASE64[character] = 1;

/**
 * Whether all of `bytes` from `from` up to, but not including, `to` are characters of base64. Such a text can stand
 * between quotation marks in JSON; whether it decodes is not asked.
 */
export function isBase64Text(bytes: Uint8Array, from: number, to: number): boolean {
  for (let place = from; place < to; place += 1) if (IN_BASE64[bytes[place] ?? 0] !== 1) return false;
  return true;
}

/** The duration of this many bytes of μ-law audio, in milliseconds. */
export function msOfBytes(bytes: number): Millis {
  return bytes / BYTES_PER_MS;
}

/** How many bytes a base64 text encodes, without decoding it. */
export function bytesOfBase64(text: string): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return (text.length * 3) / 4 - padding;
}

/** The same for a text that stands in `bytes` from `from` up to, but not including, `to`. */
export function bytesOfBase64In(bytes: Uint8Array, from: number, to: number): number {
  if (to === from) return 0;
  const padding = bytes[to - 1] !== EQUALS ? 0 : bytes[to - 2] === EQUALS ? 2 : 1;
  return ((to - from) * 3) / 4 - padding;
}

/** The duration of base64 μ-law audio in milliseconds, without decoding it. */
export function msOfBase64(text: string): Millis {
  return msOfBytes(bytesOfBase64(text));
}

/** The same for a text that stands in `bytes` from `from` up to, but not including, `to`. */
export function msOfBase64In(bytes: Uint8Array, from: number, to: number): Millis {
  return msOfBytes(bytesOfBase64In(bytes, from, to));
}

/** Base64 μ-law silence of whole milliseconds. */
export function silence(ms: Millis): string {
  return Buffer.alloc(Math.round(ms) * BYTES_PER_MS, SILENCE).toString('base64');
}

/** Silence as long as the audio that lies in `bytes` from `from` up to, but not including, `to`, and where it lies itself. */
export function silenceLike(bytes: Uint8Array, from: number, to: number): [Buffer, number, number] {
  const quiet = Buffer.from(silence(msOfBase64In(bytes, from, to)), 'latin1');
  return [quiet, 0, quiet.length];
}

/** One μ-law byte as a linear 16-bit sample (ITU-T G.711). */
export function decodeSample(byte: number): number {
  const inverted = ~byte & 0xff;
  const magnitude = (((inverted & 0x0f) << 3) + 0x84) << ((inverted & 0x70) >> 4);
  return inverted & 0x80 ? 0x84 - magnitude : magnitude - 0x84;
}
