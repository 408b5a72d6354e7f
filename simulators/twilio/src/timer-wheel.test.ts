import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test} from 'vitest';
import {TimerWheel} from './timer-wheel.ts';

function ticker(first: number, period: number) {
  const at: number[] = [];
  return {
    at,
    dueAt: first,
    tick(now: number) {
      at.push(now);
      this.dueAt += period;
    },
  };
}

test('many calls are served by one timer, each at its own moment', () => {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  const calls = [ticker(20, 20), ticker(33, 20)];
  for (const call of calls) wheel.add(call);
  clock.advance(100);
  expect(clock.waiting).toBe(1);
  expect(calls[0]!.at).toEqual([20, 40, 60, 80, 100]);
  expect(calls[1]!.at).toEqual([33, 53, 73, 93]);
  expect(wheel.lag.max).toBe(0);
});

test('a deadline that has come nearer is kept', () => {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  const call = ticker(1_000, 1_000);
  wheel.add(call);
  clock.advance(7);
  call.dueAt = 9;
  wheel.wakeFor(9);
  clock.advance(2);
  expect(call.at).toEqual([9]);
});

test('an empty wheel sets no timer, and a stopped one never again', () => {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  const call = ticker(20, 20);
  wheel.add(call);
  wheel.remove(call);
  clock.advance(50);
  expect(clock.waiting).toBe(0);
  wheel.stop();
  wheel.add(call);
  expect(clock.waiting).toBe(0);
});

test('lateness is measured', () => {
  const clock = new FakeClock();
  const late = {now: () => clock.now() + 7, wall: () => clock.wall(), after: clock.after.bind(clock)};
  const wheel = new TimerWheel(late);
  wheel.add(ticker(2, 1_000));
  clock.advance(20);
  expect(wheel.lag.max).toBeGreaterThanOrEqual(5);
  expect(wheel.lag.p99).toBeGreaterThanOrEqual(5);
});
