import {expect, test} from 'vitest';
import {FakeClock} from '../testing/fake-clock.ts';
import {FlushPlan} from './flush-plan.ts';

const clock = new FakeClock();

function busy(): FlushPlan {
  const plan = new FlushPlan();
  plan.flushed(clock.now());
  return plan;
}

test('with few calls nothing waits', () => {
  const plan = busy();
  clock.advance(20);
  expect(plan.wants('soon', clock)).toBe('turn');
});

test('audio waits until other audio comes three milliseconds after the last write', () => {
  const plan = busy();
  clock.advance(1);
  expect(plan.wants('soon', clock)).toBe(4);
  clock.advance(1);
  expect(plan.wants('soon', clock)).toBeUndefined();
  clock.advance(1);
  expect(plan.wants('soon', clock)).toBe('turn');
});

test('audio that gets no company is written after four milliseconds', () => {
  const plan = busy();
  clock.advance(1);
  plan.wants('soon', clock);
  clock.advance(4);
  expect(plan.paused(clock.now())).toBe('turn');
});

test('a control frame takes all that waits with it at the end of this turn', () => {
  const plan = busy();
  plan.wants('soon', clock);
  expect(plan.wants('now', clock)).toBe('turn');
  expect(plan.wants('now', clock)).toBeUndefined();
  expect(plan.wants('soon', clock)).toBeUndefined();
});

test('a pause that began before a write goes on for the audio after it, which waits no longer than four milliseconds', () => {
  const plan = busy();
  plan.wants('soon', clock);
  clock.advance(2);
  plan.wants('now', clock);
  plan.flushed(clock.now());
  clock.advance(0.5);
  expect(plan.wants('soon', clock)).toBeUndefined();
  clock.advance(1.5);
  expect(plan.paused(clock.now())).toBe(2.5);
  clock.advance(2.5);
  expect(plan.paused(clock.now())).toBe('turn');
});

test('a pause that ends after everything was written starts no other', () => {
  const plan = busy();
  plan.wants('soon', clock);
  plan.wants('now', clock);
  plan.flushed(clock.now());
  clock.advance(4);
  expect(plan.paused(clock.now())).toBeUndefined();
  expect(plan.wants('soon', clock)).toBe('turn');
});
