import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test} from 'vitest';
import {DeadlineTimer} from './deadline-timer.ts';

/** A timer whose moments are noted, on a clock that counts the timers set on it. */
function timer() {
  const clock = new FakeClock();
  const fired: number[] = [];
  let set = 0;
  const counting = {
    now: () => clock.now(),
    wall: () => clock.wall(),
    after: (delay: number, run: () => void) => {
      set += 1;
      return clock.after(delay, run);
    },
  };
  const start = clock.now();
  const deadline = new DeadlineTimer(counting, () => fired.push(clock.now() - start));
  return {clock, fired, arm: (at: number | undefined) => deadline.arm(at && start + at), timersSet: () => set};
}

test('a deadline fires once, at its moment', () => {
  const {clock, fired, arm} = timer();
  arm(100);
  clock.advance(99);
  expect(fired).toEqual([]);
  clock.advance(1_000);
  expect(fired).toEqual([100]);
});

test('an earlier deadline fires earlier, a later one later', () => {
  const {clock, fired, arm} = timer();
  arm(100);
  arm(50);
  arm(80);
  clock.advance(1_000);
  expect(fired).toEqual([80]);
});

test('a deadline that is moved on with each word of an answer sets a timer only when the first has passed', () => {
  const {clock, fired, arm, timersSet} = timer();
  for (let word = 0; word < 50; word += 1) {
    arm(1_000 + word * 10);
    clock.advance(10);
  }
  expect(timersSet()).toBe(1);
  clock.advance(10_000);
  expect(fired).toEqual([1_490]);
  expect(timersSet()).toBe(2);
});

test('a deadline that is taken back does not fire', () => {
  const {clock, fired, arm} = timer();
  arm(100);
  arm(undefined);
  clock.advance(1_000);
  expect(fired).toEqual([]);
});

test('a deadline that has passed already fires a millisecond later, however often it is told', () => {
  const {clock, fired, arm} = timer();
  clock.advance(500);
  arm(100);
  clock.advance(0.5);
  arm(100);
  clock.advance(0.5);
  expect(fired).toEqual([501]);
});
