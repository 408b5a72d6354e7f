import {expect, test} from 'vitest';
import {FakeClock} from '../testing/fake-clock.ts';
import type {Clock} from '../time.ts';
import {EventLoopLag} from './event-loop-lag.ts';

test('an operator sees the worst lag of the last second, and none from before', () => {
  const fake = new FakeClock();
  let late = 0;
  const clock: Clock = {
    now: () => fake.now() + late,
    wall: () => fake.wall(),
    after: (delay, run) => fake.after(delay, run),
  };
  using lag = new EventLoopLag(clock);
  fake.advance(500);
  expect(lag.worst).toBe(0);
  late = 80;
  fake.advance(50);
  expect(lag.worst).toBe(80);
  fake.advance(900);
  expect(lag.worst).toBe(80);
  fake.advance(200);
  expect(lag.worst).toBe(0);
});
