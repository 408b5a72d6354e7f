/** What a tagged frame says about itself: whose call it is of, and its place among all frames of that call, from 0. */
export interface FrameTag {
  readonly tag: number;
  readonly frame: number;
}

const MAGIC = 0x5642; // "VB"

/** One hexadecimal digit a byte: magic 4, tag 6, frame number 6. */
export const TAG_BYTES = 16;

/**
 * A copy of the frame that carries a tag. Each digit is a byte from 0xF0 to 0xFF, the quietest there are in μ-law
 * (ITU-T G.711): a tag must not be taken for speech.
 */
export function tagFrame(frame: Buffer, {tag, frame: number}: FrameTag): Buffer {
  const tagged = Buffer.from(frame);
  const digits = [hex(MAGIC, 4), hex(tag, 6), hex(number, 6)].join('');
  for (let at = 0; at < TAG_BYTES; at += 1) tagged[at] = 0xf0 | Number.parseInt(digits[at] ?? '0', 16);
  return tagged;
}

/** The tag at this place, or nothing. Padding and untagged audio have none. */
export function readFrameTag(audio: Buffer, offset = 0): FrameTag | undefined {
  if (audio.length < offset + TAG_BYTES) return undefined;
  const bytes = audio.subarray(offset, offset + TAG_BYTES);
  if (bytes.some(byte => byte < 0xf0)) return undefined;
  const digits = [...bytes].map(byte => (byte & 0x0f).toString(16)).join('');
  if (Number.parseInt(digits.slice(0, 4), 16) !== MAGIC) return undefined;
  return {tag: Number.parseInt(digits.slice(4, 10), 16), frame: Number.parseInt(digits.slice(10), 16)};
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0').slice(-digits);
}
