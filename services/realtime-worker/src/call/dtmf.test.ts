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

test('a caller who presses a hundred keys a second without end enters a hundred of them, or one number a second', () => {
  const endless = new Dtmf();
  for (let at = 0; at < 60_000; at += 10) endless.pressed('5', at);
  expect(endless.keys).toBe('5'.repeat(100));
  expect(endless.take(61_490)).toBe('5'.repeat(100));
  const hashes = new Dtmf();
  const taken: string[] = [];
  for (let at = 100_000; at < 110_000; at += 10) {
    hashes.pressed('#', at);
    taken.push(...[hashes.take(at)].filter(keys => keys !== undefined));
  }
  expect(taken).toEqual(['#', ...Array.from({length: 9}, () => '#'.repeat(100))]);
});
