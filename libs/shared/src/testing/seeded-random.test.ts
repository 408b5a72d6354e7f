import fc from 'fast-check';
import {expect, test} from 'vitest';
import {seededRandom} from './seeded-random.ts';

test('a developer who repeats a seed gets the numbers of the failed run again, on every machine', () => {
  const random = seededRandom(7);
  const first = [random.next(), random.next(), random.next()];
  expect(first).toEqual([0.011704753153026104, 0.06195825757458806, 0.97690763277933]);
});

test('every number is within the ends that were asked for', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({min: -1e6, max: 1e6}), fc.nat({max: 1e6}), (seed, from, length) => {
      const random = seededRandom(seed);
      const [drawn, whole] = [random.between(from, from + length + 1), random.whole(from, from + length)];
      expect(drawn).toBeGreaterThanOrEqual(from);
      expect(drawn).toBeLessThan(from + length + 1);
      expect(Number.isInteger(whole) && whole >= from && whole <= from + length).toBe(true);
    }),
  );
});
