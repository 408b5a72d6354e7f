import {expect, test} from 'vitest';
import {FastRise} from './fast-rise.ts';

test('four more calls within a second are many', () => {
  const rise = new FastRise();
  expect([rise.rose(10, 0), rise.rose(12, 400), rise.rose(13, 800), rise.rose(14, 1_000)]).toEqual([
    false,
    false,
    false,
    true,
  ]);
});

test('four more calls in more than a second are not, however long the number stayed before', () => {
  const rise = new FastRise();
  for (let at = 0; at <= 5_000; at += 50) expect(rise.rose(10, at)).toBe(false);
  expect([rise.rose(12, 5_500), rise.rose(14, 6_050)]).toEqual([false, false]);
});

test('calls that end and are replaced are not more calls', () => {
  const rise = new FastRise();
  expect([10, 7, 9, 10, 8, 10].map((count, index) => rise.rose(count, index * 100))).not.toContain(true);
});

test('calls have come at once at the moment when they come, and not for as long as they are recent', () => {
  const rise = new FastRise();
  expect([rise.rose(0, 0), rise.rose(20, 50), rise.rose(20, 100), rise.rose(20, 900)]).toEqual([
    false,
    true,
    false,
    false,
  ]);
});

test('a process that is first seen with many calls may have had them for long', () => {
  expect(new FastRise().rose(50, 0)).toBe(false);
});
