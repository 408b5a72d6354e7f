import {decodeSample} from '@voicebridge/shared/protocol/audio.ts';

/** 16-bit amplitude, -60 dB of full scale. A telephone plays nothing audible below it. */
const AUDIBLE = 32;
const IS_AUDIBLE = Uint8Array.from({length: 256}, (_, byte) => (Math.abs(decodeSample(byte)) > AUDIBLE ? 1 : 0));
/** Characters of base64 that are checked first: speech is loud enough within its first milliseconds. */
const FIRST_CHARACTERS = 64;

/** Whether base64 μ-law holds any audible sample. Digital silence from a model does not count as an answer. */
export function isAudible(payload: string): boolean {
  return hasSound(payload.slice(0, FIRST_CHARACTERS)) || hasSound(payload.slice(FIRST_CHARACTERS));
}

function hasSound(base64: string): boolean {
  return base64 !== '' && Buffer.from(base64, 'base64').some(byte => IS_AUDIBLE[byte] === 1);
}
