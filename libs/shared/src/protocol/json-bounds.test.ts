import fc from 'fast-check';
import {expect, test} from 'vitest';
import {isWithin, JsonMeter} from './json-bounds.ts';

const FEW = {parts: 2_000, depth: 10};
const filled = (unit: string, count: number) => `[${Array.from({length: count}, () => unit).join(',')}]`;

test('what is short, or long with little in it, may be parsed', () => {
  expect(isWithin(FEW, filled('1', 400))).toBe(true);
  expect(isWithin(FEW, JSON.stringify({words: '[{,:'.repeat(100_000)}))).toBe(true);
  expect(isWithin(FEW, JSON.stringify({words: '"\\[{,:'.repeat(100_000)}))).toBe(true);
});

test.each([
  ['numbers', filled('1', 2_100)],
  ['texts', '""'.repeat(2_100)],
  ['objects', filled('{"a":1}', 600)],
  ['names', `{${Array.from({length: 900}, (_, n) => `"${n}":1`).join(',')}}`],
  ['lists that are never closed', '['.repeat(2_000)],
  ['lists inside one another', `${filled('""', 300)}${'['.repeat(11)}${']'.repeat(11)}`.padEnd(2_000)],
])('too many or too deep %s are refused before they are parsed', (_, json) => {
  expect(isWithin(FEW, json)).toBe(false);
});

test('closing brackets before it do not make room for lists inside one another, nor does a quote in the line before', () => {
  const meter = new JsonMeter(FEW);
  expect(meter.take(Buffer.from(`: ]]]]]]]]]]"\\\ndata: ${'['.repeat(11)}`))).toBe(false);
});

test('JSON that comes in pieces counts as if it came at once', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat({max: 40}), fc.array(fc.nat({max: 200})), (json, parts, cuts) => {
      const bytes = Buffer.from(json);
      const whole = new JsonMeter({parts, depth: 3}).take(bytes);
      const pieces = new JsonMeter({parts, depth: 3});
      const at = [0, ...cuts.filter(cut => cut < bytes.length).toSorted((a, b) => a - b), bytes.length];
      let isAll = true;
      for (let n = 1; n < at.length; n += 1) isAll &&= pieces.take(bytes, at[n - 1], at[n]);
      expect(isAll).toBe(whole);
    }),
  );
});

test('the depth that is counted is that of the value', () => {
  const depthOf = (value: unknown): number =>
    typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const depth = depthOf(value);
      const bytes = Buffer.from(JSON.stringify(value));
      expect(new JsonMeter({parts: Infinity, depth}).take(bytes)).toBe(true);
      if (depth > 0) expect(new JsonMeter({parts: Infinity, depth: depth - 1}).take(bytes)).toBe(false);
    }),
  );
});
