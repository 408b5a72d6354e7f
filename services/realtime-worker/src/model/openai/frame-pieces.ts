/** Frames in one piece. An event may cost as much as half a millisecond. */
const FRAMES_AT_ONCE = 32;
const LENGTH_BITS = 0x7f;
const [TWO_BYTES, EIGHT_BYTES] = [126, 127];

/**
 * Finds where WebSocket frames of a server begin and end (RFC 6455, section 5.2), so that what was read at once can be passed
 * on in pieces of a few frames each: 64 kB hold 32,768 pings, and a library that gets them at once answers them all before any other call
 * of the process has its turn. Pure. What breaks the protocol is left to the library.
 */
export class FramePieces {
  /** Bytes that are missing of the frame that has begun, its header not included. */
  #owed = 0;
  /** What is there of a header that is not complete. */
  readonly #head: number[] = [];

  /** Where the piece ends that begins at `from`; never beyond the end of `bytes`. */
  end(bytes: Uint8Array, from: number): number {
    let at = from;
    for (let frames = 0; at < bytes.length;) {
      if (this.#owed > 0) {
        const step = Math.min(this.#owed, bytes.length - at);
        this.#owed -= step;
        at += step;
      } else {
        if (this.#head.length === 0 && frames === FRAMES_AT_ONCE) break;
        if (this.#header(bytes[at] ?? 0)) frames += 1;
        at += 1;
      }
    }
    return at;
  }

  /** One more byte of a header. Returns whether it is complete. */
  #header(byte: number): boolean {
    const head = this.#head;
    head.push(byte);
    const [, second] = head;
    if (second === undefined) return false;
    const short = second & LENGTH_BITS;
    const more = short === TWO_BYTES ? 2 : short === EIGHT_BYTES ? 8 : 0;
    if (head.length < 2 + more) return false;
    this.#owed = more === 0 ? short : head.slice(2).reduce((length, each) => length * 256 + each, 0);
    head.length = 0;
    return true;
  }
}
