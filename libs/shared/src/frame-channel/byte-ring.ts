/** It grows in steps of so many bytes, and by an eighth at least. */
const STEP = 8_192;
/** An empty ring that is larger gives its memory back. */
const KEPT_EMPTY = 2 * STEP;
const NOTHING = Buffer.alloc(0);

/**
 * Bytes in the order in which they came, the oldest of which are released again. Every byte has a position that never
 * changes: the first one that was ever appended is at 0. It takes no memory before the first byte, and grows as needed.
 *
 *   released ──┤ start ──── kept ──── end
 */
export class ByteRing {
  #bytes = NOTHING;
  /** Where `start` is in `#bytes`. */
  #head = 0;
  #start = 0;
  #end = 0;

  /** The position of the oldest byte that is kept. */
  get start(): number {
    return this.#start;
  }

  /** The position of the next byte. */
  get end(): number {
    return this.#end;
  }

  /** Copies `bytes` from `from` up to, but not including, `to`. Returns the position of the first of them. */
  append(bytes: Buffer, from: number, to: number): number {
    const position = this.#end;
    const length = to - from;
    if (position - this.#start + length > this.#bytes.length) this.#grow(length);
    const place = this.#placeOf(position);
    const first = Math.min(length, this.#bytes.length - place);
    bytes.copy(this.#bytes, place, from, from + first);
    if (first < length) bytes.copy(this.#bytes, 0, from + first, to);
    this.#end = position + length;
    return position;
  }

  /** Copies `length` bytes from `position` on, all of which must be kept, to `target` at `at`. */
  copy(position: number, length: number, target: Buffer, at: number): void {
    const place = this.#placeOf(position);
    const first = Math.min(length, this.#bytes.length - place);
    this.#bytes.copy(target, at, place, place + first);
    if (first < length) this.#bytes.copy(target, at + first, 0, length - first);
  }

  /** `length` bytes from `position` on, all of which must be kept, as text of one byte a character. */
  text(position: number, length: number): string {
    const place = this.#placeOf(position);
    const first = this.#bytes.toString('latin1', place, Math.min(place + length, this.#bytes.length));
    return first.length === length ? first : first + this.#bytes.toString('latin1', 0, length - first.length);
  }

  /** Forgets what is before `position`. */
  release(position: number): void {
    if (position <= this.#start) return;
    this.#head = this.#placeOf(Math.min(position, this.#end));
    this.#start = Math.min(position, this.#end);
    if (this.#start < this.#end) return;
    this.#head = 0;
    if (this.#bytes.length > KEPT_EMPTY) this.#bytes = NOTHING;
  }

  #placeOf(position: number): number {
    const place = this.#head + position - this.#start;
    return place < this.#bytes.length ? place : place - this.#bytes.length;
  }

  #grow(by: number): void {
    const kept = this.#end - this.#start;
    // Of its own memory: a slice of a shared pool would keep the rest of the pool alive.
    const larger = Buffer.allocUnsafeSlow(Math.ceil((kept + Math.max(by, kept / 8)) / STEP) * STEP);
    this.copy(this.#start, kept, larger, 0);
    this.#bytes = larger;
    this.#head = 0;
  }
}
