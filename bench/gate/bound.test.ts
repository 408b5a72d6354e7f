import {expect, test} from 'vitest';
import {judge} from './bound.ts';

test('one pair within the bound is enough: the others were disturbed', () => {
  expect(judge([7, 4, 9], 5)).toEqual({passed: true, ratio: 4});
});

test('no pair within the bound fails, and so does a run that measured nothing', () => {
  expect(judge([7, 6], 5)).toEqual({passed: false, ratio: 6});
  expect(judge([Number.NaN], 5).passed).toBe(false);
});
