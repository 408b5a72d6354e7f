import {expect, test} from 'vitest';
import {isOpen, judge} from './bound.ts';

const quiet = (ratio: number) => ({ratio, others: 0.1});
const disturbed = (ratio: number) => ({ratio, others: 0.6});

test('one pair within the bound is enough: the others had bad luck', () => {
  expect(judge([quiet(7), quiet(4), quiet(9)], 5)).toEqual({passed: true, ratio: 4});
  expect(isOpen([quiet(7), quiet(4)], 5)).toBe(false);
});

test('no pair within the bound fails, and so does a run that measured nothing', () => {
  expect(judge([quiet(7), quiet(6)], 5)).toEqual({passed: false, ratio: 6});
  expect(judge([quiet(Number.NaN)], 5).passed).toBe(false);
});

test('a pair on a machine that was busy with other work counts only if there is no other', () => {
  expect(judge([disturbed(2), quiet(6)], 5)).toEqual({passed: false, ratio: 6});
  expect(judge([disturbed(2), disturbed(6)], 5)).toEqual({passed: true, ratio: 2});
  expect(isOpen([disturbed(2)], 5)).toBe(true);
});
