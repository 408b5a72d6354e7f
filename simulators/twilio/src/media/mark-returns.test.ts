import {expect, test} from 'vitest';
import {type MarkKnobs, MarkReturns} from './mark-returns.ts';
import {BYTES_PER_MS, PlayQueue} from '../phone/play-queue.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';

/** Ten pieces of 100 ms, each with a mark, all sent at 0: when each mark leaves. A clear lands at `clearAt`. */
function leaving(knobs: MarkKnobs, clearAt = Infinity): {readonly name: string; readonly at: number}[] {
  const queue = new PlayQueue(false);
  const returns = new MarkReturns(queue, knobs, seededRandom(1));
  const left: {name: string; at: number}[] = [];
  for (let piece = 1; piece <= 10; piece += 1) {
    queue.enqueue(Buffer.alloc(100 * BYTES_PER_MS), 0);
    returns.add(queue.mark(String(piece), 0), 0);
  }
  for (let at = 0; at <= 3_000; at += 1) {
    returns.add(at === clearAt ? queue.clear(at).returned : queue.advance(at), at);
    if (returns.dueAt > at) continue;
    left.push(...returns.take(at).map(({name}) => ({name, at})));
  }
  return left;
}

const names = (marks: readonly {readonly name: string}[]) => marks.map(({name}) => Number(name));
const inOrder = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

test('marks come back in the moment in which they are passed, if nothing else is asked for', () => {
  expect(leaving({})).toEqual(inOrder.map(piece => ({name: String(piece), at: piece * 100})));
});

test('late marks come back in order, each within its limits or behind the one before', () => {
  const marks = leaving({late: {from: 50, to: 300}});
  expect(names(marks)).toEqual(inOrder);
  const lateness = marks.map(({at}, index) => at - (index + 1) * 100);
  expect(Math.min(...lateness)).toBeGreaterThanOrEqual(50);
  expect(Math.max(...lateness)).toBeLessThanOrEqual(301);
  expect(new Set(lateness).size).toBeGreaterThan(3);
});

test('marks that are late by a mean have a few that are far later', () => {
  const lateness = leaving({late: {mean: 60}}).map(({at}, index) => at - (index + 1) * 100);
  expect(lateness.filter(late => late < 60).length).toBeGreaterThan(3);
  expect(Math.min(...lateness)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...lateness)).toBeGreaterThan(100);
});

test('bunched marks come back together, at an even pace', () => {
  const marks = leaving({bunchedMs: 250});
  expect(names(marks)).toEqual(inOrder);
  const moments = [...new Set(marks.map(({at}) => at))];
  expect(moments.slice(1).map((at, index) => at - (moments[index] ?? 0))).toEqual(moments.slice(1).map(() => 250));
});

test('of sparse marks one of so many comes back, and of lost ones a share', () => {
  expect(names(leaving({oneOf: 3}))).toEqual([3, 6, 9]);
  expect(leaving({lost: 1})).toEqual([]);
  const some = leaving({lost: 0.5}).length;
  expect(some).toBeGreaterThan(0);
  expect(some).toBeLessThan(10);
});

test('marks are flushed in one instant without a clear, and their audio plays on', () => {
  const marks = leaving({flushedAfterMs: 250});
  expect(marks.map(({at}) => at)).toEqual([100, 200, ...Array.from({length: 8}, () => 250)]);
  expect(leaving({flushedAfterMs: 0}).every(({at}) => at === 0)).toBe(true);
});

test('after a clear all waiting marks come back in one instant, unless they are late', () => {
  expect(leaving({}, 250).map(({at}) => at)).toEqual([100, 200, ...Array.from({length: 8}, () => 250)]);
  expect(new Set(leaving({late: {from: 0, to: 300}}, 250).map(({at}) => at)).size).toBeGreaterThan(2);
});
