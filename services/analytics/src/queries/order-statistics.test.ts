import {expect, test} from 'vitest';
import {interval, isEnough, quantileDraws} from './order-statistics.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';

/** The value at a share of sorted values, as `percentile_cont` has it. */
function at(sorted: readonly number[], share: number): number {
  const position = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(position)] ?? 0, sorted[Math.ceil(position)] ?? 0];
  return low + (high - low) * (position - Math.floor(position));
}

/** Values of a model that takes about a second, now and then much longer. */
function sampleOf(seed: number, count: number, factor = 1): number[] {
  const random = seededRandom(seed);
  const one = () => 600 + 400 * -Math.log(1 - random.next());
  return Array.from({length: count}, () => one() * factor).toSorted((a, b) => a - b);
}

function intervalOf(a: readonly number[], b: readonly number[], quantile: number, seed: number) {
  const [ours, theirs] = [quantileDraws(a.length, quantile, seed), quantileDraws(b.length, quantile, seed + 1)];
  return interval(ours.map((share, index) => at(a, share) - at(b, theirs[index] ?? 0)));
}

test.each([0.5, 0.95])(
  'two sets of the same calls differ in their quantile %f no more often than chance says',
  quantile => {
    let wrong = 0;
    for (let seed = 1; seed <= 60; seed += 1) {
      const {low, high} = intervalOf(sampleOf(seed, 400), sampleOf(seed + 10_000, 400), quantile, seed);
      if (low > 0 || high < 0) wrong += 1;
    }
    // 3 are expected; 9 would be more than three standard deviations away.
    expect(wrong).toBeLessThan(9);
  },
);

test('a p95 that is a tenth longer is seen where there are enough calls, and its interval holds the truth', () => {
  let seen = 0;
  let holds = 0;
  for (let seed = 1; seed <= 20; seed += 1) {
    const {low, high} = intervalOf(sampleOf(seed, 4_000, 1.1), sampleOf(seed + 10_000, 4_000), 0.95, seed);
    if (low > 0) seen += 1;
    const truth = 0.1 * (600 + 400 * Math.log(20));
    if (low <= truth && truth <= high) holds += 1;
  }
  expect(seen).toBeGreaterThan(16);
  expect(holds).toBeGreaterThan(15);
});

test('the same question has the same answer', () => {
  expect(quantileDraws(300, 0.95, 1)).toEqual(quantileDraws(300, 0.95, 1));
});

test('nothing is said of the p95 of fewer than a hundred values, nor of the median of fewer than ten', () => {
  expect([99, 100].map(count => isEnough(count, 0.95))).toEqual([false, true]);
  expect([9, 10].map(count => isEnough(count, 0.5))).toEqual([false, true]);
});
