import {decodeSample} from '@voicebridge/shared/protocol/audio.ts';

/** Quieter than this 16-bit amplitude (-60 dB of full scale) no telephone plays anything. */
const AUDIBLE = 32;
const IS_AUDIBLE = Uint8Array.from({length: 256}, (_, byte) => (Math.abs(decodeSample(byte)) > AUDIBLE ? 1 : 0));
/** Speech shows itself in its first milliseconds: most audio is judged by so many characters of base64. */
const FIRST_CHARACTERS = 64;

/** Whether base64 μ-law holds any sound. A model that sends digital silence has said nothing. */
export function isAudible(payload: string): boolean {
  return hasSound(payload.slice(0, FIRST_CHARACTERS)) || hasSound(payload.slice(FIRST_CHARACTERS));
}

function hasSound(base64: string): boolean {
  return base64 !== '' && Buffer.from(base64, 'base64').some(byte => IS_AUDIBLE[byte] === 1);
}
