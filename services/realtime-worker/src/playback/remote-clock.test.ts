import {describe, expect, test} from 'vitest';
import {type Observation, RemoteClock} from './remote-clock.ts';

const between = (clock: RemoteClock, earlier: Observation, later: Observation) =>
  clock.arrival(later) - clock.arrival(earlier);

/** Frames 20 ms apart from `from` on; `late` is how long each is on its way. */
function frames(clock: RemoteClock, from: number, to: number, late: (timestamp: number) => number): void {
  for (let timestamp = from; timestamp < to; timestamp += 20) clock.frame(timestamp, timestamp + late(timestamp));
}

describe('RemoteClock', () => {
  test('with a constant delay, durations at Twilio equal durations here', () => {
    const clock = new RemoteClock();
    frames(clock, 0, 1_000, () => 50);
    const earlier = clock.observe(1_037);
    frames(clock, 1_000, 2_000, () => 50);
    expect(between(clock, earlier, clock.observe(2_044))).toBe(1_007);
  });

  test('the caller frames around a delayed message show when the message left Twilio', () => {
    const clock = new RemoteClock();
    frames(clock, 0, 1_000, () => 50);
    const earlier = clock.observe(1_035);
    // What left at 1310 arrives together with the frames that were held back until 1400.
    for (let timestamp = 1_000; timestamp < 1_320; timestamp += 20) clock.frame(timestamp, 1_400);
    const later = clock.observe(1_400);
    const passed = between(clock, earlier, later);
    expect(passed).toBeGreaterThanOrEqual(1_300 - 985);
    expect(passed).toBeLessThanOrEqual(1_320 - 985);
  });

  test('while the caller sends no frames, durations are measured by the clock here', () => {
    const clock = new RemoteClock();
    frames(clock, 0, 1_000, () => 50);
    const earlier = clock.observe(2_000);
    expect(between(clock, earlier, clock.observe(2_500))).toBe(500);
  });

  test('before the first frame of a stream, durations are measured by the clock here', () => {
    const clock = new RemoteClock();
    expect(between(clock, clock.observe(100), clock.observe(180))).toBe(80);
    frames(clock, 0, 100, () => 5);
    clock.reset();
    expect(between(clock, clock.observe(100), clock.observe(180))).toBe(80);
  });
});
