import {BYTES_PER_MS} from './play-queue.ts';
import {FRAME_MS} from './frame-clock.ts';

/** One frame, with its base64 text made once for all calls that send it. */
export interface AudioFrame {
  readonly bytes: Buffer;
  readonly base64: string;
  readonly speech: boolean;
}

/** 20 ms of μ-law. */
export const FRAME_BYTES = FRAME_MS * BYTES_PER_MS;

/** A new frame. */
export function audioFrame(bytes: Buffer, speech: boolean): AudioFrame {
  return {bytes, base64: bytes.toString('base64'), speech};
}

/** A quiet line carries both zeros of μ-law, 0xFF and 0x7F. Sixteen different frames are enough to look alive. */
export const silence: readonly AudioFrame[] = Array.from({length: 16}, (_, variant) => {
  const bytes = Buffer.alloc(FRAME_BYTES, 0xff);
  for (let at = 0; at < FRAME_BYTES; at += 1) if ((at * 7 + variant * 13) % 5 < 2) bytes[at] = 0x7f;
  return audioFrame(bytes, false);
});

const cut = new WeakMap<Buffer, readonly AudioFrame[]>();

/** The audio as frames, the last one filled up with silence. Shared between all calls that play it. */
export function framesOf(audio: Buffer): readonly AudioFrame[] {
  const known = cut.get(audio);
  if (known) return known;
  const frames: AudioFrame[] = [];
  for (let from = 0; from < audio.length; from += FRAME_BYTES) {
    const bytes = Buffer.alloc(FRAME_BYTES, 0xff);
    audio.copy(bytes, 0, from, from + FRAME_BYTES);
    frames.push(audioFrame(bytes, true));
  }
  cut.set(audio, frames);
  return frames;
}
