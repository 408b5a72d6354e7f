import type {Millis} from '@voicebridge/shared/time.ts';
import {expect, test} from 'vitest';
import {RedisReturn} from './redis-return.ts';

/** What a call asks each second, while Redis is well since these moments. */
function asked(...wellSince: readonly (Millis | undefined)[]): boolean[] {
  const [first, ...later] = wellSince;
  let now = first;
  const redis = new RedisReturn(() => now);
  return later.map(well => {
    now = well;
    return redis.isBack();
  });
}

test('a call looks for itself in Redis once after each break, and never without one', () => {
  expect(asked(10, 10, 10)).toEqual([false, false]);
  expect(asked(10, undefined, undefined, 40, 40, 90)).toEqual([false, false, true, false, true]);
});

test('a call that is taken while Redis is unavailable looks for itself as soon as it is back', () => {
  expect(asked(undefined, undefined, 40, 40)).toEqual([false, true, false]);
});
