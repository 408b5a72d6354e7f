import {expect, test} from 'vitest';
import {silence} from '@voicebridge/shared/protocol/audio.ts';
import {Playout} from './playout.ts';

test('a line on which nothing was said is quiet', () => {
  expect(new Playout().quiet(0)).toBe(true);
});

test('a sentence is over when it was played and its mark came back', () => {
  const playout = new Playout();
  playout.sent(silence(1_000), 'a', 0);
  playout.sent(silence(1_000), 'b', 100);
  expect(playout.quiet(1_500)).toBe(false);
  playout.returned('a');
  expect(playout.quiet(2_000)).toBe(false);
  playout.returned('b');
  expect(playout.quiet(2_000)).toBe(true);
});

test('a mark proves all that came before it', () => {
  const playout = new Playout();
  playout.sent(silence(100), 'a', 0);
  playout.sent(silence(100), 'b', 0);
  playout.returned('b');
  playout.returned('a');
  expect(playout.quiet(200)).toBe(true);
});

test('a caller who interrupted hears nothing any more', () => {
  const playout = new Playout();
  playout.sent(silence(10_000), 'a', 0);
  playout.cleared(500);
  expect(playout.quiet(500)).toBe(false);
  playout.returned('a');
  expect(playout.quiet(500)).toBe(true);
});

test('a peer that returns no marks does not hold its call for ever', () => {
  const playout = new Playout();
  playout.sent(silence(1_000), 'a', 0);
  expect(playout.quiet(2_999)).toBe(false);
  expect(playout.quiet(3_000)).toBe(true);
});

test('audio without marks is over when its time is', () => {
  const playout = new Playout();
  playout.sent(silence(1_000), '', 0);
  expect(playout.quiet(999)).toBe(false);
  expect(playout.quiet(1_000)).toBe(true);
});
