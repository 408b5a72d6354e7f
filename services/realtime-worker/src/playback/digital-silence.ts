import {BASE64_BITS, bytesOfBase64, decodeSample} from '@voicebridge/shared/protocol/audio.ts';

/** 16-bit amplitude, -60 dB of full scale. A telephone plays nothing audible below it. */
const AUDIBLE = 32;
const IS_AUDIBLE = Array.from({length: 256}, (_, byte) => Math.abs(decodeSample(byte)) > AUDIBLE);

/**
 * Whether base64 μ-law holds any audible sample. Digital silence from a model does not count as an answer. Speech is loud
 * enough within its first samples, so hardly any of the text is read.
 */
export function isAudible(base64: string): boolean {
  let left = bytesOfBase64(base64);
  for (let at = 0; left > 0; at += 4, left -= 3) {
    const [first, second, third] = [bitsAt(base64, at), bitsAt(base64, at + 1), bitsAt(base64, at + 2)];
    if (IS_AUDIBLE[(first << 2) | (second >> 4)]) return true;
    if (left > 1 && IS_AUDIBLE[((second << 4) | (third >> 2)) & 0xff]) return true;
    if (left > 2 && IS_AUDIBLE[((third << 6) | bitsAt(base64, at + 3)) & 0xff]) return true;
  }
  return false;
}

function bitsAt(text: string, at: number): number {
  return BASE64_BITS[text.charCodeAt(at)] ?? 0;
}
