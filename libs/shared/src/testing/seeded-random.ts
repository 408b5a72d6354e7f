/** Random numbers that are the same for the same seed. For tests, simulators, benchmarks and invented data. */
export interface Random {
  /** A number from 0 up to, but without, 1. */
  readonly next: () => number;
  /** A number in [from, to). */
  between(from: number, to: number): number;
  /** A whole number, both ends included. */
  whole(from: number, to: number): number;
  /** True with this probability, 0 to 1. */
  chance(share: number): boolean;
  /** Each item is equally likely. */
  pick<Item>(items: readonly [Item, ...Item[]]): Item;
}

/** The generator is mulberry32: small and fast, with a period of 2^32. Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    between: (from, to) => from + next() * (to - from),
    whole: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: share => next() < share,
    pick: items => items[Math.floor(next() * items.length)] ?? items[0],
  };
}
