/**
 * Audio that says what it is, so that a recording of a phone proves which bytes of which item were played, in which
 * order, and where they were cut, to the millisecond. It is not for ears: it sounds like noise.
 *
 * μ-law bytes in blocks of 8 (1 ms). Only the first byte of a block has its top bit set, so that a reader that starts
 * anywhere finds the next block; the other 7 bits of each byte hold, most significant first:
 *
 *   item number 16 ─ block number 24 ─ check 16
 */
export const TAG_BLOCK_BYTES = 8;

export interface Tag {
  /** Which item of the server, counted from 1, modulo 65536: `ModelItem.tag`. */
  readonly item: number;
  /** Which block of that item, from 0: its position in ms. */
  readonly block: number;
}

/** Tagged audio of one item, from its start. */
export function taggedAudio(item: number, ms: number): Buffer {
  const audio = Buffer.allocUnsafe(Math.round(ms) * TAG_BLOCK_BYTES);
  for (let block = 0; block * TAG_BLOCK_BYTES < audio.length; block += 1) {
    const at = block * TAG_BLOCK_BYTES;
    const proof = check(item, block);
    audio[at] = 0x80 | ((item >> 9) & 0x7f);
    audio[at + 1] = (item >> 2) & 0x7f;
    audio[at + 2] = ((item & 0x03) << 5) | ((block >> 19) & 0x1f);
    audio[at + 3] = (block >> 12) & 0x7f;
    audio[at + 4] = (block >> 5) & 0x7f;
    audio[at + 5] = ((block & 0x1f) << 2) | (proof >> 14);
    audio[at + 6] = (proof >> 7) & 0x7f;
    audio[at + 7] = proof & 0x7f;
  }
  return audio;
}

/** The tag that begins exactly at `offset`, or nothing. */
export function readTag(audio: Uint8Array, offset = 0): Tag | undefined {
  if (offset + TAG_BLOCK_BYTES > audio.length) return undefined;
  const [b0 = 0, b1 = 0, b2 = 0, b3 = 0, b4 = 0, b5 = 0, b6 = 0, b7 = 0] = audio.subarray(
    offset,
    offset + TAG_BLOCK_BYTES,
  );
  if ((b0 & 0x80) === 0 || ((b1 | b2 | b3 | b4 | b5 | b6 | b7) & 0x80) !== 0) return undefined;
  const item = ((b0 & 0x7f) << 9) | (b1 << 2) | (b2 >> 5);
  const block = ((b2 & 0x1f) << 19) | (b3 << 12) | (b4 << 5) | (b5 >> 2);
  const proof = ((b5 & 0x03) << 14) | (b6 << 7) | b7;
  return proof === check(item, block) ? {item, block} : undefined;
}

/** An unbroken stretch of one item inside a recording. */
export interface TaggedRun {
  readonly item: number;
  /** Position in the item, in ms: first block heard, and the one after the last. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Where in the recording it begins, in bytes. */
  readonly at: number;
}

/** Everything tagged in a recording, in order; a loss, a repetition or a cut starts a new run. */
export function readTagRuns(recording: Uint8Array): TaggedRun[] {
  const runs: TaggedRun[] = [];
  let offset = 0;
  let joins = -1; // where a block must begin to continue the last run
  while (offset + TAG_BLOCK_BYTES <= recording.length) {
    const tag = readTag(recording, offset);
    if (!tag) {
      offset += 1;
      continue;
    }
    const last = runs.at(-1);
    if (last && joins === offset && last.item === tag.item && last.toMs === tag.block) {
      runs[runs.length - 1] = {...last, toMs: tag.block + 1};
    } else {
      runs.push({item: tag.item, fromMs: tag.block, toMs: tag.block + 1, at: offset});
    }
    offset += TAG_BLOCK_BYTES;
    joins = offset;
  }
  return runs;
}

/** 16 bits that noise does not guess. */
function check(item: number, block: number): number {
  return (Math.imul((item << 8) ^ block ^ 0x5bd1e995, 0x9e3779b1) >>> 16) & 0xffff;
}
