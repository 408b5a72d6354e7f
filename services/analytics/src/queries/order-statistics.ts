/**
 * The bootstrap of a quantile without resampling. Of `n` values drawn again from `n` values, the one at a rank is the value
 * whose own rank is Beta-distributed; so it is enough to draw ranks, and to look the values up in one sort.
 */

/** How many times a quantile is drawn. */
export const DRAWS = 1_000;

/** Fewer values than so many on the shorter side of a quantile say nothing about it. */
const BEYOND = 5;

/** Whether so many values say something about a quantile. */
export const isEnough = (count: number, quantile: number) => count * Math.min(quantile, 1 - quantile) >= BEYOND;

/**
 * Shares of all values, 0 to 1, at which a quantile was found when it was drawn `DRAWS` times. The same arguments give
 * the same draws, so that an answer can be repeated.
 */
export function quantileDraws(count: number, quantile: number, seed: number): number[] {
  const random = mulberry(seed);
  const below = quantile * (count - 1) + 1;
  return Array.from({length: DRAWS}, () => {
    const [a, b] = [gamma(below, random), gamma(count + 1 - below, random)];
    return a / (a + b);
  });
}

/** The middle 95 % of what was drawn. */
export function interval(differences: readonly number[]): {readonly low: number; readonly high: number} {
  const sorted = differences.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  return {low: at(0.025), high: at(0.975)};
}

/** Small, fast, and the same for the same seed. Not for secrets. */
function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A gamma variate of a shape of 1 or more (Marsaglia and Tsang, 2000). */
function gamma(shape: number, random: () => number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
