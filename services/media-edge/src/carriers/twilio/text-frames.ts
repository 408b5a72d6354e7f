import {isUtf8} from 'node:buffer';

/** Frames of a client (RFC 6455, section 5.2): a whole text, a ping, a pong. */
const [WHOLE_TEXT, PING, PONG] = [0x81, 0x89, 0x8a];
const MASKED = 0x80;
const LENGTH_BITS = 0x7f;
/** A length that stands in the next two bytes, or eight. */
const [TWO_BYTES, EIGHT_BYTES] = [126, 127];
const MASK_BYTES = 4;

/** Where the parts of a connection's bytes go, in their order. All bytes are valid during the call only. */
export interface TextFramesOut {
  /** A whole text message. Returns whether the connection is still read this way. */
  text(message: Buffer): boolean;
  /** Bytes for the reader that knows all of the protocol. */
  other(bytes: Buffer): void;
}

/**
 * Takes the whole text messages out of the bytes that a WebSocket client sends, and leaves everything else to another
 * reader: pings, frames that come in pieces, and after the first frame that is neither of these all that follows. It
 * reads in place, because fifty messages come a second and call. Pure: bytes are parameters.
 *
 *   bytes  ├ text ┤├ text ┤├ ping ┤├ half a text ┊ the other half ┤├ text ┤├ anything else, and all behind it
 *           text()  text()  other()  other()        other()         text()  other()
 */
export class TextFrames {
  readonly #out: TextFramesOut;
  readonly #mostBytes: number;
  /** A header that is not complete. */
  #rest: Buffer | undefined;
  /** This many bytes are missing of a frame that the other reader has begun. */
  #owed = 0;
  #isOver = false;

  /** A message of more than `mostBytes` is left to the other reader, 65,535 at most. */
  constructor(out: TextFramesOut, mostBytes: number) {
    this.#out = out;
    this.#mostBytes = mostBytes;
  }

  /** Whether the other reader is to get everything from now on. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Reads the next bytes, which are changed. */
  feed(chunk: Buffer): void {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#rest = undefined;
    let at = 0;
    if (this.#owed > 0) {
      at = Math.min(this.#owed, bytes.length);
      this.#owed -= at;
      this.#out.other(bytes.subarray(0, at));
    }
    while (at < bytes.length && !this.#isOver) at = this.#frame(bytes, at);
    if (at < bytes.length) this.#out.other(bytes.subarray(at));
  }

  /** The other reader is to get everything from now on. */
  giveUp(): void {
    this.#isOver = true;
    if (this.#rest) this.#out.other(this.#rest);
    this.#rest = undefined;
  }

  /** Reads one frame. Returns where the next begins; the same place if the other reader is to go on there. */
  #frame(bytes: Buffer, at: number): number {
    const [kind, second] = [bytes[at], bytes[at + 1]];
    if (second === undefined) return this.#wait(bytes, at);
    const isControl = kind === PING || kind === PONG;
    const short = second & LENGTH_BITS;
    if ((kind !== WHOLE_TEXT && !isControl) || (second & MASKED) === 0 || short === EIGHT_BYTES) return this.#stop(at);
    const isLong = short === TWO_BYTES;
    const from = at + 2 + (isLong ? 2 : 0) + MASK_BYTES;
    if (from > bytes.length) return this.#wait(bytes, at);
    const length = isLong ? bytes.readUInt16BE(at + 2) : short;
    if (length > this.#mostBytes) return this.#stop(at);
    const end = from + length;
    if (isControl || end > bytes.length) {
      this.#owed = Math.max(0, end - bytes.length);
      this.#out.other(bytes.subarray(at, end));
      return Math.min(end, bytes.length);
    }
    mask(bytes, from, end);
    const message = bytes.subarray(from, end);
    if (!isUtf8(message)) {
      mask(bytes, from, end);
      return this.#stop(at);
    }
    if (!this.#out.text(message)) this.#isOver = true;
    return end;
  }

  #wait(bytes: Buffer, at: number): number {
    this.#rest = Buffer.from(bytes.subarray(at));
    return bytes.length;
  }

  #stop(at: number): number {
    this.#isOver = true;
    return at;
  }
}

/** Masks what is behind the four bytes of a mask, or takes the mask off again. */
function mask(bytes: Buffer, from: number, to: number): void {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[from - 4], bytes[from - 3], bytes[from - 2], bytes[from - 1]];
  let at = from;
  for (; at + 3 < to; at += 4) {
    bytes[at] = (bytes[at] ?? 0) ^ a;
    bytes[at + 1] = (bytes[at + 1] ?? 0) ^ b;
    bytes[at + 2] = (bytes[at + 2] ?? 0) ^ c;
    bytes[at + 3] = (bytes[at + 3] ?? 0) ^ d;
  }
  if (at < to) bytes[at] = (bytes[at] ?? 0) ^ a;
  if (at + 1 < to) bytes[at + 1] = (bytes[at + 1] ?? 0) ^ b;
  if (at + 2 < to) bytes[at + 2] = (bytes[at + 2] ?? 0) ^ c;
}
