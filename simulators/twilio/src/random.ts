/** Random numbers that a seed repeats. */
export interface Random {
  /** A whole number, both ends included. */
  whole(from: number, to: number): number;
  /** A number in [from, to). */
  between(from: number, to: number): number;
}

/** Mulberry32: small, quick and good enough to shake a network. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    whole: (from, to) => from + Math.floor(next() * (to - from + 1)),
    between: (from, to) => from + next() * (to - from),
  };
}
