import type {Millis} from '@voicebridge/shared/time.ts';

/** A caller's frame that says which one it is. */
export interface FrameTag {
  readonly call: number;
  readonly frame: number;
  /** The caller speaks in it. */
  readonly speaks: boolean;
}

export const FRAME_BYTES = 160;
/** G.711: 8,000 samples of one byte a second. */
const BYTES_PER_MS = 8;
/** Tags are written in nibbles of the faintest sounds of G.711, so that they are not loud: 0xf0 to 0xff. */
const FAINT = 0xf0;
const FRAME_MAGIC = [0x5, 0xa, 0x3] as const;
const DELTA_MAGIC = [0xa, 0x5, 0xc] as const;
/** Nibbles of a number. */
const [CALL, FRAME, DELTA] = [5, 6, 9];
/** A tag of assistant audio in base64: 12 bytes. */
const DELTA_CHARACTERS = 16;

/** A square wave of a speaking voice's loudness, and a line on which nobody speaks. */
const LOUD = Buffer.from(Array.from({length: FRAME_BYTES}, (_, at) => (Math.floor(at / 8) % 2 ? 0x10 : 0x90)));
const QUIET = Buffer.alloc(FRAME_BYTES, 0xff);

/** A frame of 20 ms in base64. */
export function taggedFrame({call, frame, speaks}: FrameTag): string {
  const audio = speaks ? LOUD : QUIET;
  write(audio, 0, [...FRAME_MAGIC, Number(speaks)]);
  writeNumber(audio, 4, CALL, call);
  writeNumber(audio, 4 + CALL, FRAME, frame);
  return audio.toString('base64');
}

/** The tag at this place of some audio, if a frame begins there. */
export function readFrame(audio: Buffer, at: number): FrameTag | undefined {
  if (audio.length < at + FRAME_BYTES || !begins(audio, at, FRAME_MAGIC)) return undefined;
  return {
    call: readNumber(audio, at + 4, CALL),
    frame: readNumber(audio, at + 4 + CALL, FRAME),
    speaks: audio[at + 3] === (FAINT | 1),
  };
}

/** So much assistant audio in base64, with a number. */
export function taggedDelta(number: number, audioMs: Millis): string {
  const tag = Buffer.alloc(12);
  write(tag, 0, DELTA_MAGIC);
  writeNumber(tag, 3, DELTA, number);
  return tag.toString('base64') + restOf(audioMs);
}

/** The number of the assistant audio that begins here, in base64; undefined if it is a later part. */
export function readDelta(payload: string): number | undefined {
  const tag = Buffer.from(payload.slice(0, DELTA_CHARACTERS), 'base64');
  return begins(tag, 0, DELTA_MAGIC) ? readNumber(tag, 3, DELTA) : undefined;
}

/** How long this audio plays. */
export function msOf(payload: string): Millis {
  return Buffer.byteLength(payload, 'base64') / BYTES_PER_MS;
}

const rests = new Map<Millis, string>();

function restOf(audioMs: Millis): string {
  const known = rests.get(audioMs);
  if (known !== undefined) return known;
  const rest = Buffer.alloc(audioMs * BYTES_PER_MS - 12, 0x90).toString('base64');
  rests.set(audioMs, rest);
  return rest;
}

function begins(audio: Buffer, at: number, nibbles: readonly number[]): boolean {
  return nibbles.every((nibble, index) => audio[at + index] === (FAINT | nibble));
}

function write(audio: Buffer, at: number, nibbles: readonly number[]): void {
  for (const [index, nibble] of nibbles.entries()) audio[at + index] = FAINT | nibble;
}

function writeNumber(audio: Buffer, at: number, nibbles: number, value: number): void {
  for (let index = nibbles - 1, rest = value; index >= 0; index -= 1, rest = Math.floor(rest / 16))
    audio[at + index] = FAINT | (rest % 16);
}

function readNumber(audio: Buffer, at: number, nibbles: number): number {
  let value = 0;
  for (let index = 0; index < nibbles; index += 1) value = value * 16 + ((audio[at + index] ?? 0) & 0xf);
  return value;
}
