import {bytesOfBase64} from '@voicebridge/shared/protocol/audio.ts';

/** So many samples show what the audio is. */
const ENOUGH = 200;
/** After so many samples of μ-law nothing more is decoded: half a second. */
const CERTAIN = 2_000;
/** Base64 of about that much. */
const DECODED_AT_ONCE = 8_192;
/** Two bytes are near each other if they differ by no more. */
const NEAR = 8;
/** A tone whose period is four samples has few values in every second byte; the lower halves of samples have many. */
const MANY_VALUES = 48;

/**
 * Notices 16-bit linear audio in what should be μ-law: some servers answer in it whatever they were asked for, and on a
 * telephone it would be loud noise. Samples of zero say nothing. Pure.
 *
 * Every second byte of linear audio is the upper half of a sample. In quiet speech it is near 0x00 or near 0xff: as μ-law
 * the loudest negative samples and the softest positive ones, with nothing between them, which no sound is. In loud speech
 * it is near the one before it, while the lower half is anything. In μ-law all bytes are alike.
 */
export class LinearAudioCheck {
  #samples = 0;
  #positive = 0;
  #negative = 0;
  #nearUpper = 0;
  #nearLower = 0;
  #upper = 0;
  #lower = 0;
  readonly #lowerValues = new Set<number>();
  /** The lower half of a sample whose upper half is in the next piece. */
  #half: number | undefined;

  /** `payload`: the next audio of the session, as base64. */
  isLinear(payload: string): boolean {
    if (this.#samples >= CERTAIN) return false;
    const bytes = Buffer.from(payload.slice(0, DECODED_AT_ONCE), 'base64');
    const isWhole = bytes.length === bytesOfBase64(payload);
    const from = this.#half === undefined ? 0 : 1;
    if (this.#half !== undefined && bytes.length > 0) this.#count(bytes[0] ?? 0, this.#half);
    for (let at = from; at + 1 < bytes.length; at += 2) this.#count(bytes[at + 1] ?? 0, bytes[at] ?? 0);
    const isHalf = (bytesOfBase64(payload) - from) % 2 === 1;
    this.#half = isHalf ? (isWhole ? bytes.at(-1) : 0) : undefined;
    return this.#samples >= ENOUGH && (this.#isQuietAndLinear() || this.#isLoudAndLinear());
  }

  #count(upper: number, lower: number): void {
    if (upper === 0 && lower === 0) return;
    this.#samples += 1;
    if (upper < 0x20) this.#positive += 1;
    if (upper >= 0xe0) this.#negative += 1;
    if (areNear(upper, this.#upper)) this.#nearUpper += 1;
    if (areNear(lower, this.#lower)) this.#nearLower += 1;
    this.#lowerValues.add(lower);
    [this.#upper, this.#lower] = [upper, lower];
  }

  #isQuietAndLinear(): boolean {
    const few = 0.15 * this.#samples;
    const [positive, negative] = [this.#positive, this.#negative];
    return positive >= few && negative >= few && positive + negative >= 0.9 * this.#samples;
  }

  #isLoudAndLinear(): boolean {
    return this.#nearUpper - this.#nearLower >= 0.4 * this.#samples && this.#lowerValues.size >= MANY_VALUES;
  }
}

function areNear(one: number, other: number): boolean {
  const apart = (one - other + 256) % 256;
  return Math.min(apart, 256 - apart) <= NEAR;
}
