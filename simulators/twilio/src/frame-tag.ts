/** What a tagged frame says about itself: whose call it is of, and its place among all frames of that call, from 0. */
export interface FrameTag {
  readonly tag: number;
  readonly frame: number;
}

const MAGIC = 0x56_42; // "VB"

/** The tag takes the first ten bytes of a frame: 1.25 ms of noise. */
export const TAG_BYTES = 10;

/** A copy of the frame that carries a tag. */
export function tagFrame(frame: Buffer, {tag, frame: number}: FrameTag): Buffer {
  const tagged = Buffer.from(frame);
  tagged.writeUInt16BE(MAGIC, 0);
  tagged.writeUInt32BE(tag, 2);
  tagged.writeUInt32BE(number, 6);
  return tagged;
}

/** The tag at this place, or nothing. Padding and untagged audio have none. */
export function readFrameTag(audio: Buffer, offset = 0): FrameTag | undefined {
  if (audio.length < offset + TAG_BYTES || audio.readUInt16BE(offset) !== MAGIC) return undefined;
  return {tag: audio.readUInt32BE(offset + 2), frame: audio.readUInt32BE(offset + 6)};
}
