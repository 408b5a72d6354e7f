import {BYTES_PER_MS, decodeSample} from '../protocol/audio.ts';
import {rms} from '../protocol/loudness.ts';
import type {Millis} from '../time.ts';

/** As long as the cores measure at once. */
const BLOCK_MS: Millis = 20;
const BLOCK = BLOCK_MS * BYTES_PER_MS;
const SILENCE = 0xff;

/** The μ-law bytes of positive samples, the quietest first. */
const LEVELS = Array.from({length: 128}, (_, at) => SILENCE - at).map(byte => ({
  byte,
  square: decodeSample(byte) ** 2,
}));

/**
 * The same audio with nothing of it left but how loud it was: base64 μ-law in which every 20 ms are a hum. The cores decide by it as they did
 * by the voice, and nobody can hear what was said, or who said it.
 */
export function hushed(payload: string): string {
  const bytes = Buffer.from(payload, 'base64');
  const hum = Buffer.alloc(bytes.length, SILENCE);
  for (let from = 0; from < bytes.length; from += BLOCK)
    humAs(bytes.subarray(from, from + BLOCK), hum.subarray(from, from + BLOCK));
  return hum.toString('base64');
}

/** Two neighbouring levels in turn, as many of each as make the same loudness. */
function humAs(block: Buffer, hum: Buffer): void {
  const square = rms(block) ** 2;
  const above = Math.min(
    LEVELS.length - 1,
    Math.max(
      1,
      LEVELS.findIndex(level => level.square >= square),
    ),
  );
  const [low, high] = [LEVELS[above - 1], LEVELS[above]];
  if (!low || !high || square === 0) return;
  const share = Math.min(1, (square - low.square) / (high.square - low.square));
  // Loudness is measured at every fourth sample: the levels change from one group of four to the next.
  for (let at = 0; at < hum.length; at += 1) {
    const group = Math.floor(at / 4);
    const isHigh = Math.floor((group + 1) * share + 0.5) > Math.floor(group * share + 0.5);
    hum[at] = (isHigh ? high : low).byte;
  }
}
