import {expect, test} from 'vitest';
import {ReassignmentLimit} from './reassignment-limit.ts';

test('nobody is moved while Redis is away, or has just come back', () => {
  const rule = new ReassignmentLimit();
  expect(rule.allows(undefined, 5_000)).toBe(false);
  expect(rule.allows(4_001, 5_000)).toBe(false);
  expect(rule.allows(4_000, 5_000)).toBe(true);
});

test('a call moves six times in thirty seconds at most', () => {
  const rule = new ReassignmentLimit();
  for (const at of [10_000, 11_000, 12_000, 13_000, 14_000, 15_000]) {
    expect(rule.allows(0, at)).toBe(true);
    rule.moved(at);
  }
  expect(rule.allows(0, 39_999)).toBe(false);
  expect(rule.allows(0, 40_000)).toBe(true);
});
