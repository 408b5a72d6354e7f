import type {RespValue} from './resp-reader.ts';

/** Who gets the reply to a command. `tag`: as it was given with the command. */
export interface Asker {
  counted(tag: number, count: number): void;
  answered(tag: number, value: RespValue): void;
  /** Redis refused the command, or the connection ended before it was answered. */
  refused(tag: number, error: Error): void;
  /** Redis refused the prelude of this command (see `Batch.prelude`). The command itself is answered afterwards. */
  preludeRefused?(error: Error): void;
}

/** The beginning of a SPUBLISH to one channel, up to the length of the message. */
export function spublishPrefix(channel: string): Buffer {
  return Buffer.from(`*3\r\n$8\r\nSPUBLISH\r\n$${Buffer.byteLength(channel)}\r\n${channel}\r\n$`);
}

const FIRST_SIZE = 16_384;
const ZERO = 48;
const CR = 13;
const LF = 10;
/** The longest length in digits, and two line ends. */
const OVERHEAD = 16;

/**
 * Commands that are written together, as bytes, and who waits for their replies. It holds flat arrays, because it is
 * filled and emptied a hundred times a second and call. A batch is kept until its last reply, so that a command can be
 * sent again to another node.
 */
export class Batch {
  #bytes = Buffer.allocUnsafe(FIRST_SIZE);
  #used = 0;
  /** Where each command ends in `#bytes`. */
  readonly #ends: number[] = [];
  readonly #askers: Asker[] = [];
  readonly #tags: number[] = [];
  /** For each command 1 if another node has sent it here. */
  readonly #redirected: number[] = [];
  #count = 0;
  #settled = 0;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Whether every command has its reply. */
  get isSettled(): boolean {
    return this.#settled === this.#count;
  }

  /** What to write. Valid until `clear`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#used);
  }

  /** Adds a SPUBLISH. Copies the message. */
  spublish(prefix: Buffer, message: Buffer, asker: Asker, tag: number): void {
    this.#reserve(prefix.length + message.length + OVERHEAD);
    const bytes = this.#bytes;
    bytes.set(prefix, this.#used);
    let at = writeLine(bytes, this.#used + prefix.length, message.length);
    bytes.set(message, at);
    at += message.length;
    bytes[at] = CR;
    bytes[at + 1] = LF;
    this.#used = at + 2;
    this.#expect(asker, tag, 0);
  }

  /** Adds any other command. */
  command(words: readonly string[], asker: Asker, tag = 0): void {
    this.prelude(words);
    this.#expect(asker, tag, 0);
  }

  /** Adds a command without a reply if it succeeds. The next command must be one that Redis never refuses. */
  prelude(words: readonly string[]): void {
    const text = `*${words.length}\r\n${words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
    this.#reserve(text.length * 3);
    this.#used += this.#bytes.write(text, this.#used);
  }

  /** Adds the oldest command of `from` that has no reply, with its asker. */
  redirect(from: Batch): void {
    const index = from.#settled;
    const start = from.#ends[index - 1] ?? 0;
    const end = from.#ends[index] ?? start;
    this.#reserve(end - start);
    this.#bytes.set(from.#bytes.subarray(start, end), this.#used);
    this.#used += end - start;
    this.#expect(from.#asker, from.#tag, 1);
    from.#settled += 1;
  }

  counted(count: number): void {
    const [asker, tag] = [this.#asker, this.#tag];
    this.#settled += 1;
    asker.counted(tag, count);
  }

  answered(value: RespValue): void {
    const [asker, tag] = [this.#asker, this.#tag];
    this.#settled += 1;
    asker.answered(tag, value);
  }

  refused(error: Error): void {
    const [asker, tag] = [this.#asker, this.#tag];
    this.#settled += 1;
    asker.refused(tag, error);
  }

  /** Refuses all that have no reply, in order. */
  abandon(error: Error): void {
    while (!this.isSettled) this.refused(error);
  }

  /** The asker of the oldest command that has no reply. */
  get next(): Asker | undefined {
    return this.isSettled ? undefined : this.#asker;
  }

  /** Whether that command came here from another node. */
  get isRedirected(): boolean {
    return this.#redirected[this.#settled] === 1;
  }

  /** Empties it for the next use. */
  clear(): void {
    this.#askers.length = 0; // what has ended must not be held in memory by a batch that waits
    this.#used = 0;
    this.#count = 0;
    this.#settled = 0;
  }

  get #asker(): Asker {
    const asker = this.#askers[this.#settled];
    if (!asker) throw new Error('a reply without a command');
    return asker;
  }

  get #tag(): number {
    return this.#tags[this.#settled] ?? 0;
  }

  #expect(asker: Asker, tag: number, redirected: 0 | 1): void {
    this.#ends[this.#count] = this.#used;
    this.#askers[this.#count] = asker;
    this.#tags[this.#count] = tag;
    this.#redirected[this.#count] = redirected;
    this.#count += 1;
  }

  #reserve(more: number): void {
    if (this.#used + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#used + more));
    larger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = larger;
  }
}

/** Writes a number and a line end. Returns where they end. */
function writeLine(bytes: Buffer, from: number, value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits += 1;
  let rest = value;
  for (let at = from + digits - 1; at >= from; at -= 1) {
    bytes[at] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  bytes[from + digits] = CR;
  bytes[from + digits + 1] = LF;
  return from + digits + 2;
}
