/** An inclusive pair; equal ends mean exactly that value. */
export type Range = readonly [least: number, most: number];

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A seeded generator (mulberry32): the same seed gives the same session, byte for byte. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** At least 0, below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  between([least, most]: Range): number {
    return least + (most - least) * this.next();
  }

  whole([least, most]: Range): number {
    return Math.floor(least + (most - least + 1) * this.next());
  }

  /** A prefix and random letters, as the real ids look: 21 of them, 16 for calls. */
  id(prefix: string, letters = 21): string {
    let id = prefix;
    for (let count = 0; count < letters; count += 1) id += ALPHABET[Math.floor(this.next() * ALPHABET.length)];
    return id;
  }
}

/** A whole number in base 62, padded to a width: event ids begin with the server's seconds in it. */
export function base62(value: number, width: number): string {
  let text = '';
  for (let rest = Math.max(0, Math.floor(value)); text.length < width; rest = Math.floor(rest / 62)) {
    text = `${ALPHABET[rest % 62]}${text}`;
  }
  return text;
}
