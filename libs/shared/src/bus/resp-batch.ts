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

/** Redis answers to no command from here on, and to each from here on; it confirms the second itself. */
const ANSWER_NOTHING = ['CLIENT', 'REPLY', 'OFF'];
const ANSWER_ALL = ['CLIENT', 'REPLY', 'ON'];
const NOBODY: Asker = {counted() {}, answered() {}, refused() {}};

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
 *
 * To a quiet command Redis says nothing, so that no reply wakes this process. What became of it is known when a later
 * command has its reply, which is only ever given after it; its asker hears of it only if the connection ends before.
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
  /** For each command 1 if it has no reply. */
  readonly #quiet: number[] = [];
  #count = 0;
  #settled = 0;
  /** Commands whose reply is to come. */
  #awaited = 0;
  /** Whether Redis says nothing to what would be added now. */
  #isQuiet = false;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Whether it is known of every command what became of it. */
  get isSettled(): boolean {
    return this.#settled === this.#count;
  }

  /** Whether a reply to one of its commands is to come. */
  get awaitsReply(): boolean {
    return this.#awaited > 0;
  }

  /** Whether Redis says nothing to the commands behind it. The batch that is written next must begin so. */
  get isQuiet(): boolean {
    return this.#isQuiet;
  }

  /** Begins, empty, where another batch has ended. */
  beginAfter(before: Batch): void {
    this.#isQuiet = before.#isQuiet;
  }

  /** What to write. Valid until `clear`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#used);
  }

  /** Adds a SPUBLISH. Copies the message. */
  spublish(prefix: Buffer, message: Buffer, asker: Asker, tag: number, isQuiet = false): void {
    if (isQuiet !== this.#isQuiet) this.#setQuiet(isQuiet);
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
    if (this.#isQuiet) this.#setQuiet(false);
    this.#write(words);
  }

  #setQuiet(isQuiet: boolean): void {
    this.#isQuiet = isQuiet;
    this.#write(isQuiet ? ANSWER_NOTHING : ANSWER_ALL);
    if (!isQuiet) this.#expect(NOBODY, 0, 0);
  }

  #write(words: readonly string[]): void {
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
    from.#settle();
  }

  counted(count: number): void {
    this.#skipQuiet();
    const [asker, tag] = [this.#asker, this.#tag];
    this.#settle();
    asker.counted(tag, count);
  }

  answered(value: RespValue): void {
    this.#skipQuiet();
    const [asker, tag] = [this.#asker, this.#tag];
    this.#settle();
    asker.answered(tag, value);
  }

  refused(error: Error): void {
    this.#skipQuiet();
    this.#refuse(error);
  }

  /** Refuses all of which it is not known what became of them, in order. */
  abandon(error: Error): void {
    while (!this.isSettled) this.#refuse(error);
  }

  /** The asker of the oldest command whose reply is to come. */
  get next(): Asker | undefined {
    this.#skipQuiet();
    return this.isSettled ? undefined : this.#asker;
  }

  /** Whether that command came here from another node. */
  get isRedirected(): boolean {
    this.#skipQuiet();
    return this.#redirected[this.#settled] === 1;
  }

  /** Empties it for the next use. */
  clear(): void {
    this.#askers.length = 0; // what has ended must not be held in memory by a batch that waits
    this.#used = 0;
    this.#count = 0;
    this.#settled = 0;
    this.#awaited = 0;
    this.#isQuiet = false;
  }

  /** A later command gets its reply: these were carried out. */
  #skipQuiet(): void {
    while (this.#quiet[this.#settled] === 1 && this.#awaited > 0) this.#settled += 1;
  }

  #refuse(error: Error): void {
    const [asker, tag] = [this.#asker, this.#tag];
    this.#settle();
    asker.refused(tag, error);
  }

  #settle(): void {
    if (this.#quiet[this.#settled] !== 1) this.#awaited -= 1;
    this.#settled += 1;
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
    this.#quiet[this.#count] = this.#isQuiet ? 1 : 0;
    if (!this.#isQuiet) this.#awaited += 1;
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
