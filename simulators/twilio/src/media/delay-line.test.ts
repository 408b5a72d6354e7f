import {expect, test} from 'vitest';
import {DelayLine} from './delay-line.ts';

test('what is sent later never arrives earlier', () => {
  const line = new DelayLine<string>();
  line.push('a', 0, 50);
  line.push('b', 10, 5);
  expect(line.take(49)).toBeUndefined();
  expect(line.dueAt).toBe(50);
  expect(line.take(50)).toEqual({item: 'a', arrivesAt: 50});
  expect(line.take(50)).toEqual({item: 'b', arrivesAt: 50});
  expect(line.dueAt).toBe(Infinity);
});

test('a cut line loses what travels', () => {
  const line = new DelayLine<string>();
  line.push('a', 0, 50);
  line.drop();
  expect(line.take(1_000)).toBeUndefined();
});
