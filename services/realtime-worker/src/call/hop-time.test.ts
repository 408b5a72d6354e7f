import {expect, test} from 'vitest';
import {HopTime} from './hop-time.ts';

function hopAfter(...measured: readonly number[]): number | undefined {
  const hop = new HopTime();
  for (const ms of measured) hop.measured(ms);
  return hop.ms;
}

test('a turn gap has no hop before one was measured, and the first as soon as it was', () => {
  expect([hopAfter(), hopAfter(3)]).toEqual([undefined, 3]);
});

test('a pause of the worker, which looks like a long hop, is in no turn gap', () => {
  expect(hopAfter(2, 750)).toBe(2);
  expect(hopAfter(750, 2)).toBe(2);
  expect(hopAfter(2, 3, 750, 4, 700)).toBe(4);
});

test('a network that has become slower is in the turn gaps after three seconds', () => {
  expect(hopAfter(2, 2, 2, 2, 2, 30, 30)).toBe(2);
  expect(hopAfter(2, 2, 2, 2, 2, 30, 30, 30)).toBe(30);
});
