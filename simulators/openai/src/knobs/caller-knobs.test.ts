import {expect, test} from 'vitest';
import {CallerQueue, readCallers} from './caller-knobs.ts';
import {defaultKnobs} from './knobs.ts';

const REST = {...defaultKnobs, firstDeltaMs: [1, 1]} as const;

test('the next callers have knobs of their own, in order; the others have those of the server', () => {
  const queue = new CallerQueue();
  queue.add({first: {everyAnswer: 'hangs'}}, {first: {betaNames: true}});
  expect(queue.take('ada', REST)).toEqual({...REST, everyAnswer: 'hangs'});
  expect(queue.take('bob', REST)).toEqual({...REST, betaNames: true});
  expect(queue.take('cyd', REST)).toBeUndefined();
});

test('a caller keeps the knobs in every session, or is better served after the first', () => {
  const queue = new CallerQueue();
  queue.add({first: {everyAnswer: 'hangs'}}, {first: {everyAnswer: 'hangs'}, later: {}});
  for (const id of ['ada', 'bob']) queue.take(id, REST);
  expect(queue.take('ada', REST)).toMatchObject({everyAnswer: 'hangs'});
  expect(queue.take('bob', REST)).toEqual(REST);
});

test('a known caller is no next caller, and each session without a caller id counts as a new one', () => {
  const queue = new CallerQueue();
  queue.take('ada', REST);
  queue.add({first: {everyAnswer: 'hangs'}}, {first: {everyAnswer: 'fails'}});
  expect(queue.take('ada', REST)).toBeUndefined();
  expect(queue.take(undefined, REST)).toMatchObject({everyAnswer: 'hangs'});
  expect(queue.take(undefined, REST)).toMatchObject({everyAnswer: 'fails'});
});

test('a fault that is used once is used once in that session, not in all of them', () => {
  const queue = new CallerQueue();
  queue.add({first: {answerFaults: ['hangs']}});
  const knobs = queue.take('ada', REST);
  knobs!.answerFaults = [];
  expect(queue.take('ada', REST)).toMatchObject({answerFaults: ['hangs']});
});

test('callers from outside are knobs that exist', () => {
  expect(readCallers([{first: {speed: [1, 2]}, later: {}}])).toEqual([{first: {speed: [1, 2]}, later: {}}]);
  expect(() => readCallers([{first: {speeed: 1}}])).toThrow('there is no knob speeed');
  expect(() => readCallers([7])).toThrow('a caller is {"first": knobs, "later": knobs}');
  expect(() => readCallers({})).toThrow('callers are a list');
});
