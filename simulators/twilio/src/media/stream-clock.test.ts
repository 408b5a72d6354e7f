import {expect, test} from 'vitest';
import {FrameClock} from '../phone/frame-clock.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {StreamClock} from './stream-clock.ts';

test('a phone that was held up sends its frames in a burst, and is on time again', () => {
  const frames = new FrameClock(100);
  const taken = (at: number) => {
    const due: number[] = [];
    for (let next = frames.take(at); next !== undefined; next = frames.take(at)) due.push(next);
    return due;
  };
  expect(taken(99)).toEqual([]);
  expect(taken(101)).toEqual([100]);
  expect(taken(165)).toEqual([120, 140, 160]);
  expect(frames.dueAt).toBe(180);
});

test('timestamps begin between 70 and 175, and rise by 20, sometimes by a little less', () => {
  for (const seed of [1, 2, 3]) {
    const clock = new StreamClock(seededRandom(seed));
    const numbers = Array.from({length: 500}, () => clock.next(20));
    expect(numbers[0]!.timestamp).toBeGreaterThanOrEqual(70);
    expect(numbers[0]!.timestamp).toBeLessThanOrEqual(175);
    const steps = new Set(numbers.slice(1).map(({timestamp}, index) => timestamp - numbers[index]!.timestamp));
    expect(steps).toEqual(new Set([18, 19, 20]));
    expect(numbers.map(({chunk}) => chunk)).toEqual(numbers.map((_, index) => index + 1));
  }
});

test('silence that is not sent makes the timestamp jump, and not the chunk', () => {
  const clock = new StreamClock(seededRandom(1));
  const first = clock.next(20);
  clock.skip(400);
  const second = clock.next(20);
  expect(second.chunk).toBe(2);
  expect(second.timestamp - first.timestamp).toBeGreaterThanOrEqual(418);
});
