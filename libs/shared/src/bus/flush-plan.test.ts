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

test('audio waits for company until two milliseconds after the last write', () => {
  const plan = busy();
  clock.advance(0.5);
  expect(plan.wants('soon', clock)).toBe(1.5);
  clock.advance(0.5);
  expect(plan.wants('soon', clock)).toBeUndefined();
});

test('a control frame takes all that waits with it at the end of this turn', () => {
  const plan = busy();
  plan.wants('soon', clock);
  expect(plan.wants('now', clock)).toBe('turn');
  expect(plan.wants('now', clock)).toBeUndefined();
  expect(plan.wants('soon', clock)).toBeUndefined();
});

test('what comes after a write waits anew', () => {
  const plan = busy();
  plan.wants('now', clock);
  plan.flushed(clock.now());
  expect(plan.wants('soon', clock)).toBe(2);
});
