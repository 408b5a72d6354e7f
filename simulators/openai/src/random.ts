import {type Random as SeededRandom, seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';

/** An inclusive pair; equal ends mean exactly that value. */
export type Range = readonly [least: number, most: number];

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Random values as a session needs them: the same seed gives the same session, byte for byte. */
export class Random {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** At least 0, below 1. */
  next(): number {
    return this.#random.next();
  }

  between([least, most]: Range): number {
    return this.#random.between(least, most);
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
