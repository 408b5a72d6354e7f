/**
 * A reply that is neither an integer nor an error. A map is a list of its keys and values in turn, so `HELLO` reads as
 * `['server', 'redis', …]`. An error inside a list is its text.
 */
export type RespValue = string | number | boolean | null | readonly RespValue[];

export function isList(value: RespValue | undefined): value is readonly RespValue[] {
  return Array.isArray(value);
}

/** A part of some bytes: `to` is behind its end. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Where the events of a connection go, in the order of the bytes. */
export interface RespSink {
  integer(value: number): void;
  error(text: string): void;
  value(value: RespValue): void;
  /** A message of a sharded channel. Bytes and spans are valid during this call only. */
  message(bytes: Buffer, channel: Span, body: Span): void;
  /** Any other push. */
  push(kind: string, parts: readonly RespValue[]): void;
}

/** The other side does not speak RESP, or not as we know it. The connection cannot be used any more. */
export class NotResp extends Error {
  override readonly name = 'NotResp';
}

/** No string of ours is longer: a frame has some hundred bytes. */
const MOST_STRING = 1_048_576;
/** No reply of ours is longer: the slots of a Cluster, were they all apart, take less. */
const MOST_BYTES = 16_777_216;
const MOST_PARTS = 262_144;
const MOST_DEPTH = 8;
/** The longest line, which is an error. */
const MOST_LINE = 65_536;

const [CR, LF, MINUS, ZERO, NINE] = [13, 10, 45, 48, 57];
const [INTEGER, PUSH, STRING, LONG_ERROR] = [58, 62, 36, 33]; // : > $ !
const SMESSAGE = Buffer.from('>3\r\n$8\r\nsmessage\r\n$');
const NOTHING = Buffer.alloc(0);

/** Never leaves the reader: more bytes are needed. */
const INCOMPLETE = new Error('incomplete');

/**
 * Reads RESP3 from chunks that may end anywhere. Pure: bytes are parameters, events go to the sink. It copies only what
 * is incomplete at the end of a chunk, and makes no object for an integer or a message.
 */
export class RespReader {
  readonly #sink: RespSink;
  readonly #channel = {from: 0, to: 0};
  readonly #body = {from: 0, to: 0};
  #bytes: Buffer = NOTHING;
  /** Everything before it has been given to the sink. */
  #done = 0;
  #at = 0;
  #stopped = false;

  constructor(sink: RespSink) {
    this.#sink = sink;
  }

  /** Reads the next bytes, which may change afterwards. Throws `NotResp`; then the connection has to be closed. */
  feed(chunk: Buffer): void {
    if (this.#stopped) return;
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    try {
      while (this.#done < this.#bytes.length && !this.#stopped) this.#one();
    } catch (thrown) {
      if (thrown !== INCOMPLETE) throw thrown;
    } finally {
      // Also if a listener has thrown: what follows its message is read with the next chunk.
      this.#bytes = this.#done === this.#bytes.length ? NOTHING : Buffer.from(this.#bytes.subarray(this.#done));
      this.#done = 0;
    }
    if (this.#bytes.length > MOST_BYTES) throw new NotResp('a reply is too long');
  }

  /** Nothing that follows is read. May be called from the sink. */
  stop(): void {
    this.#stopped = true;
  }

  #one(): void {
    this.#at = this.#done;
    const kind = this.#bytes[this.#at];
    if (kind === INTEGER) {
      this.#at += 1;
      const value = this.#integer();
      this.#done = this.#at;
      this.#sink.integer(value);
    } else if (kind === PUSH && this.#isMessage()) this.#message();
    else if (kind === PUSH) this.#push();
    else if (kind === MINUS || kind === LONG_ERROR) {
      const text = String(this.#value(0));
      this.#done = this.#at;
      this.#sink.error(text);
    } else {
      const value = this.#value(0);
      this.#done = this.#at;
      this.#sink.value(value);
    }
  }

  #isMessage(): boolean {
    for (let index = 0; index < SMESSAGE.length; index += 1) {
      if (this.#bytes[this.#at + index] !== SMESSAGE[index]) return false;
    }
    return true;
  }

  #message(): void {
    this.#at += SMESSAGE.length;
    this.#string(this.#channel);
    if (this.#byte() !== STRING) throw new NotResp('a message without bytes');
    this.#string(this.#body);
    this.#done = this.#at;
    this.#sink.message(this.#bytes, this.#channel, this.#body);
  }

  #push(): void {
    this.#at += 1;
    const [kind, ...parts] = this.#list(this.#length(MOST_PARTS), 0);
    if (typeof kind !== 'string') throw new NotResp('a push without a kind');
    this.#done = this.#at;
    this.#sink.push(kind, parts);
  }

  #value(depth: number): RespValue {
    if (depth > MOST_DEPTH) throw new NotResp('a reply is too deep');
    const kind = String.fromCharCode(this.#byte());
    switch (kind) {
      case '+':
      case '-':
      case '(':
        return this.#line();
      case ':':
        return this.#integer();
      case ',':
        return Number(this.#line());
      case '#':
        return this.#line() === 't';
      case '_':
        this.#line();
        return null;
      case '$':
      case '!':
      case '=':
        return this.#isNull() ? null : this.#text();
      case '*':
      case '~':
        return this.#isNull() ? null : this.#list(this.#length(MOST_PARTS), depth);
      case '%':
        return this.#list(2 * this.#length(MOST_PARTS), depth);
      case '|':
        // Attributes stand before a value and say nothing that we asked for.
        this.#list(2 * this.#length(MOST_PARTS), depth);
        return this.#value(depth);
      default:
        throw new NotResp(`a reply begins with ${JSON.stringify(kind)}`);
    }
  }

  #list(length: number, depth: number): RespValue[] {
    const parts: RespValue[] = [];
    for (let index = 0; index < length; index += 1) parts.push(this.#value(depth + 1));
    return parts;
  }

  #text(): string {
    this.#string(this.#body);
    return this.#bytes.toString('utf8', this.#body.from, this.#body.to);
  }

  /** Reads the length of a string and its bytes. */
  #string(into: {from: number; to: number}): void {
    const length = this.#length(MOST_STRING);
    into.from = this.#at;
    into.to = this.#at + length;
    this.#at = into.to;
    this.#lineEnd();
  }

  /** RESP2 says `-1` for the length of nothing. */
  #isNull(): boolean {
    if (this.#peek() !== MINUS) return false;
    if (this.#integer() !== -1) throw new NotResp('a negative length');
    return true;
  }

  #length(most: number): number {
    const length = this.#integer();
    if (length < 0 || length > most) throw new NotResp(`a length of ${length}`);
    return length;
  }

  #integer(): number {
    const isNegative = this.#peek() === MINUS;
    if (isNegative) this.#at += 1;
    let value = 0;
    for (const first = this.#at; ;) {
      const byte = this.#byte();
      if (byte === CR && this.#at - 1 > first) break;
      if (byte < ZERO || byte > NINE || this.#at - first > 20) throw new NotResp('a number that is none');
      value = value * 10 + (byte - ZERO);
    }
    this.#at -= 1;
    this.#lineEnd();
    return isNegative ? -value : value;
  }

  #line(): string {
    const end = this.#bytes.indexOf(CR, this.#at);
    const length = (end < 0 ? this.#bytes.length : end) - this.#at;
    if (length > MOST_LINE) throw new NotResp('a line is too long');
    if (end < 0) throw INCOMPLETE;
    const line = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end;
    this.#lineEnd();
    return line;
  }

  #lineEnd(): void {
    if (this.#byte() !== CR || this.#byte() !== LF) throw new NotResp('a line end is missing');
  }

  #byte(): number {
    const byte = this.#peek();
    this.#at += 1;
    return byte;
  }

  #peek(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw INCOMPLETE;
    return byte;
  }
}
