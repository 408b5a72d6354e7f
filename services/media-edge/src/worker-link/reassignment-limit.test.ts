import {expect, test} from 'vitest';
import {ReassignmentLimit} from './reassignment-limit.ts';

test('no call is moved while Redis does not answer, or in the first second after', () => {
  const limit = new ReassignmentLimit();
  expect(limit.allows(undefined, 5_000)).toBe(false);
  expect(limit.allows(4_001, 5_000)).toBe(false);
  expect(limit.allows(4_000, 5_000)).toBe(true);
});

test('a call moves six times in thirty seconds at most', () => {
  const limit = new ReassignmentLimit();
  for (const at of [10_000, 11_000, 12_000, 13_000, 14_000, 15_000]) {
    expect(limit.allows(0, at)).toBe(true);
    limit.moved(at);
  }
  expect(limit.allows(0, 39_999)).toBe(false);
  expect(limit.allows(0, 40_000)).toBe(true);
});
