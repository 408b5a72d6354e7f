import {expect, test} from 'vitest';
import {ArrivalTimes} from './arrival-times.ts';

/** The clock there is 1,000 ms ahead, and a packet takes 5 ms or more. */
function came(times: ArrivalTimes, left: number, at: number) {
  return times.packet((at - (left + 1_000)) * 10, 5, at);
}

test('what a packet is the first to confirm arrived since the packet before left, however late it is itself', () => {
  const times = new ArrivalTimes();
  came(times, 0, 5);
  came(times, 20, 25);
  expect(came(times, 40, 245)).toEqual({after: 20, by: 40, hop: 5});
  expect(came(times, 60, 246)).toEqual({after: 40, by: 60, hop: 5});
});

test('the clocks are compared by the packets of the last seconds: their difference may drift', () => {
  const times = new ArrivalTimes();
  for (let left = 0; left < 20_000; left += 20) came(times, left, left + 5 + left / 1_000);
  const {by} = came(times, 20_000, 20_125);
  expect(by).toBeGreaterThan(20_000);
  expect(by).toBeLessThanOrEqual(20_020);
});

test('a clock there that wraps around changes nothing', () => {
  const times = new ArrivalTimes();
  times.packet(2 ** 31 - 10, 5, 5);
  expect(times.packet(-(2 ** 31) + 10, 5, 27)).toEqual({after: 0, by: 20, hop: 5});
});
