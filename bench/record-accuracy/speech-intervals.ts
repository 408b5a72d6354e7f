import {decodeSample} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

const FRAME_BYTES = 160;
const FRAME_MS = 20;
/** -50 dB of full scale: anything louder is audible. Neither the model nor the product uses this limit. */
const AUDIBLE_RMS = 104;

/** Which frames of a recording can be heard, as the moments at which they leave the phone, in order. */
export type TrueSpeech = readonly Millis[];

/** The intervals of a recording with speech, by the energy of its frames. Throws if there are none. */
export function trueSpeech(audio: Buffer): TrueSpeech {
  const audible: Millis[] = [];
  for (let frame = 0; frame * FRAME_BYTES < audio.length; frame += 1) {
    const bytes = audio.subarray(frame * FRAME_BYTES, (frame + 1) * FRAME_BYTES);
    if (rms(bytes) >= AUDIBLE_RMS) audible.push(frame * FRAME_MS);
  }
  if (audible.length === 0) throw new Error('nobody can be heard in this recording');
  return audible;
}

function rms(bytes: Buffer): number {
  let sum = 0;
  for (const byte of bytes) sum += decodeSample(byte) ** 2;
  return Math.sqrt(sum / FRAME_BYTES);
}
