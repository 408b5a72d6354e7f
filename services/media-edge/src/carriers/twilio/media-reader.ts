/** The parts of the text of a `media` message exactly as Twilio writes it: this key order, no blanks, nothing escaped. */
const SEQUENCE = Buffer.from('{"event":"media","sequenceNumber":"');
const TRACK = Buffer.from('","media":{"track":"');
const CHUNK = Buffer.from('","chunk":"');
const TIMESTAMP = Buffer.from('","timestamp":"');
const PAYLOAD = Buffer.from('","payload":"');
const STREAM = Buffer.from('"},"streamSid":"');
const END = Buffer.from('"}');
const OUTBOUND = Buffer.from('outbound');
/** MZ and 32 hexadecimal digits. */
const SID_BYTES = 34;
const MOST_DIGITS = 15;
const QUOTE = 0x22;
const EQUALS = 0x3d;

/** The bytes of base64 without its padding, those of `\w`, and hexadecimal digits. */
const BASE64 = tableOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const WORD = tableOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_');
const HEX = tableOf('0123456789abcdefABCDEF');

/**
 * Reads a `media` message in its bytes, without a text, an object, JSON.parse or a schema, because 50 of them come a
 * second and call. False for every message that does not look exactly as expected; the schema reads those. It may miss a
 * message, but never accepts one that the schema refuses, and never reads it differently. A property test compares the
 * two.
 *
 * Its fields are those of the last message that was read.
 */
export class MediaReader {
  sequence = 0;
  timestamp = 0;
  /** The track is the assistant's own audio. */
  isOutbound = false;
  /** Where the payload is in the bytes: from here up to, but not including, `to`. */
  from = 0;
  to = 0;
  /** Where the id of the stream is. */
  sidAt = 0;
  /** Where the reading goes on, and the number that was read last. */
  #at = 0;
  #number = 0;

  read(bytes: Buffer): boolean {
    const sidAt = bytes.length - END.length - SID_BYTES;
    this.#at = 0;
    if (!this.#literal(bytes, SEQUENCE) || !this.#digits(bytes)) return false;
    this.sequence = this.#number;
    if (!this.#literal(bytes, TRACK)) return false;
    const trackAt = this.#at;
    while (WORD[bytes[this.#at] ?? QUOTE] === 1) this.#at += 1;
    this.isOutbound = this.#at - trackAt === OUTBOUND.length && isAt(bytes, OUTBOUND, trackAt);
    if (!this.#literal(bytes, CHUNK) || !this.#digits(bytes)) return false;
    if (!this.#literal(bytes, TIMESTAMP) || !this.#digits(bytes)) return false;
    this.timestamp = this.#number;
    if (!this.#literal(bytes, PAYLOAD)) return false;
    this.from = this.#at;
    this.to = sidAt - STREAM.length;
    this.sidAt = sidAt;
    return (
      this.to >= this.from &&
      isAt(bytes, STREAM, this.to) &&
      isSid(bytes, sidAt) &&
      isAt(bytes, END, sidAt + SID_BYTES) &&
      isBase64(bytes, this.from, this.to)
    );
  }

  #literal(bytes: Buffer, literal: Buffer): boolean {
    const at = this.#at;
    this.#at += literal.length;
    return isAt(bytes, literal, at);
  }

  #digits(bytes: Buffer): boolean {
    const start = this.#at;
    let number = 0;
    for (;;) {
      const digit = (bytes[this.#at] ?? QUOTE) - 0x30;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
      this.#at += 1;
    }
    this.#number = number;
    return this.#at > start && this.#at - start <= MOST_DIGITS;
  }
}

/** Whether `literal` stands at this place. */
export function isAt(bytes: Buffer, literal: Buffer, at: number): boolean {
  if (at + literal.length > bytes.length) return false;
  for (let place = 0; place < literal.length; place += 1) if (bytes[at + place] !== literal[place]) return false;
  return true;
}

function isSid(bytes: Buffer, at: number): boolean {
  if (bytes[at] !== 0x4d || bytes[at + 1] !== 0x5a) return false;
  for (let place = at + 2; place < at + SID_BYTES; place += 1) if (HEX[bytes[place] ?? QUOTE] !== 1) return false;
  return true;
}

function isBase64(bytes: Buffer, from: number, to: number): boolean {
  if ((to - from) % 4 !== 0) return false;
  const padding = to === from || bytes[to - 1] !== EQUALS ? 0 : bytes[to - 2] === EQUALS ? 2 : 1;
  for (let place = from; place < to - padding; place += 1) if (BASE64[bytes[place] ?? QUOTE] !== 1) return false;
  return true;
}

function tableOf(members: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of Buffer.from(members)) table[byte] = 1;
  return table;
}
