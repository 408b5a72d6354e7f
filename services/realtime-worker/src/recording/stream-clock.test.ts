import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {StreamClock} from './stream-clock.ts';

const WAY = 35;
const FRAME = 20;

/** One second of frames. */
const SECOND = 1_000 / FRAME;

/**
 * How far each frame of a stream is placed from where it was spoken, one way later; and how long the fastest frame of the
 * second before it was held up. No clock can know better than that frame.
 */
function placesOf(
  frames: number,
  {jitter, driftPerFrame, seed}: {jitter: number; driftPerFrame: number; seed: number},
) {
  const random = seededRandom(seed);
  const clock = new StreamClock();
  const held: number[] = [];
  let arrived = 0;
  return Array.from({length: frames}, (_, number) => {
    const spoken = number * FRAME;
    const timestamp = 100 + number * (FRAME - driftPerFrame);
    // A socket keeps the order.
    arrived = Math.max(arrived, spoken + WAY + random.between(0, jitter));
    held.push(arrived - spoken - WAY);
    clock.seen(timestamp, arrived);
    return {error: timestamp + clock.offset - WAY - spoken, fastest: Math.min(...held.slice(-SECOND))};
  }).slice(SECOND);
}

test('a caller is where they spoke in the recording, though timestamps fall behind and the network varies', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({min: 0, max: 40}),
      fc.double({min: 0, max: 0.035, noNaN: true}),
      (seed, jitter, driftPerFrame) => {
        const places = placesOf(3_000, {jitter, driftPerFrame, seed});
        expect(Math.min(...places.map(({error}) => error))).toBeGreaterThan(-3);
        expect(Math.max(...places.map(({error, fastest}) => error - fastest))).toBeLessThan(3);
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
