import {expect, test} from 'vitest';
import {Dtmf} from './dtmf.ts';

test('keys are one number until the caller pauses', () => {
  const digits = new Dtmf();
  digits.pressed('4', 0);
  digits.pressed('2', 1_000);
  expect(digits.take(2_000)).toBeUndefined();
  expect(digits.take(2_500)).toBe('42');
  expect(digits.take(9_000)).toBeUndefined();
});

test('a hash key ends the number at once', () => {
  const digits = new Dtmf();
  digits.pressed('7', 0);
  digits.pressed('#', 100);
  expect(digits.deadline).toBe(100);
  expect(digits.take(100)).toBe('7#');
});
