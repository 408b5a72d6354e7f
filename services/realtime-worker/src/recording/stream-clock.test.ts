import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {StreamClock} from './stream-clock.ts';

const WAY = 35;
const FRAME = 20;

/** How far each frame of a stream is placed from where it was spoken, one way later. Read once a second, as recordings do. */
function errorsOf(
  frames: number,
  {jitter, driftPerFrame, seed}: {jitter: number; driftPerFrame: number; seed: number},
) {
  const random = seededRandom(seed);
  const clock = new StreamClock();
  let arrived = 0;
  return Array.from({length: frames}, (_, number) => {
    const spoken = number * FRAME;
    const timestamp = 100 + number * (FRAME - driftPerFrame);
    // A socket keeps the order.
    arrived = Math.max(arrived, spoken + WAY + random.between(0, jitter));
    clock.seen(timestamp, arrived);
    return timestamp + clock.offset - WAY - spoken;
  }).slice(50);
}

test('a caller is where they spoke in the recording, though timestamps fall behind and the network varies', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({min: 0, max: 40}),
      fc.double({min: 0, max: 0.035, noNaN: true}),
      (seed, jitter, driftPerFrame) => {
        const errors = errorsOf(3_000, {jitter, driftPerFrame, seed});
        expect(Math.min(...errors)).toBeGreaterThan(-3);
        expect(Math.max(...errors)).toBeLessThan(3 + jitter / 5);
      },
    ),
    {numRuns: 100},
  );
});

test('frames that a network held up for three seconds are where they were spoken', () => {
  const clock = new StreamClock();
  for (let spoken = 0; spoken < 10_000; spoken += FRAME) clock.seen(spoken, spoken + WAY);
  for (let spoken = 10_000; spoken < 13_000; spoken += FRAME) clock.seen(spoken, 13_000 + WAY);
  expect(clock.offset).toBeLessThanOrEqual(WAY + 8);
});

test('a carrier whose timestamps stood for two seconds is followed after eight', () => {
  const clock = new StreamClock();
  for (let spoken = 0; spoken < 10_000; spoken += FRAME) clock.seen(spoken, spoken + WAY);
  for (let spoken = 12_000; spoken < 20_000; spoken += FRAME) clock.seen(spoken - 2_000, spoken + WAY);
  expect(Math.abs(clock.offset - 2_000 - WAY)).toBeLessThanOrEqual(4);
});
