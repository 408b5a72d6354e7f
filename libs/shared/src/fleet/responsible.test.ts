import {expect, test} from 'vitest';
import {ProcessId} from '../protocol/ids.ts';
import {responsible} from './responsible.ts';

const workers = ['aaaa', 'bbbb', 'cccc', 'dddd'].map(part => ProcessId.parse(`worker-${part}`));
const things = Array.from({length: 4_000}, (_, number) => `CA${number}`);

test('each of some workers has about the same share', () => {
  for (const worker of workers) {
    const share = things.filter(thing => responsible(thing, workers) === worker).length;
    expect(share).toBeGreaterThan(850);
    expect(share).toBeLessThan(1_150);
  }
});

test('a worker that leaves leaves only its own share to others', () => {
  const [gone, ...left] = workers;
  for (const thing of things) {
    const before = responsible(thing, workers);
    if (before !== gone) expect(responsible(thing, left)).toBe(before);
  }
  expect(responsible('CA1', [])).toBeUndefined();
});
