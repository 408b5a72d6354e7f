import {expect, test} from 'vitest';
import {Playout} from './playout.ts';

test('a call in which nothing was said is quiet', () => {
  expect(new Playout().quiet(0)).toBe(true);
});

test('a sentence is over when its time is over and its mark has come back', () => {
  const playout = new Playout();
  playout.sent(1_000, 'a', 0);
  playout.sent(1_000, 'b', 100);
  expect(playout.quiet(1_500)).toBe(false);
  playout.returned('a');
  expect(playout.quiet(2_000)).toBe(false);
  playout.returned('b');
  expect(playout.quiet(2_000)).toBe(true);
});

test('a mark that comes back also stands for the marks before it', () => {
  const playout = new Playout();
  playout.sent(100, 'a', 0);
  playout.sent(100, 'b', 0);
  playout.returned('b');
  playout.returned('a');
  expect(playout.quiet(200)).toBe(true);
});

test('a call is quiet after a clear, as soon as its marks have come back', () => {
  const playout = new Playout();
  playout.sent(10_000, 'a', 0);
  playout.cleared(500);
  expect(playout.quiet(500)).toBe(false);
  playout.returned('a');
  expect(playout.quiet(500)).toBe(true);
});

test('a call whose peer returns no marks is quiet two seconds after its audio', () => {
  const playout = new Playout();
  playout.sent(1_000, 'a', 0);
  expect(playout.quiet(2_999)).toBe(false);
  expect(playout.quiet(3_000)).toBe(true);
});

test('audio without marks is over when its time is over', () => {
  const playout = new Playout();
  playout.sent(1_000, '', 0);
  expect(playout.quiet(999)).toBe(false);
  expect(playout.quiet(1_000)).toBe(true);
});
