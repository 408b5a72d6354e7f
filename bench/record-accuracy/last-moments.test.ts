import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {eventsIn, nearest, turnsIn} from './last-moments.ts';
import type {TrueResponse} from './model-evidence.ts';

const response = (changed: Partial<TrueResponse> = {}): TrueResponse => ({
  id: 'resp_1',
  startedAt: 2_909,
  firstDeltaAt: 3_370,
  turn: undefined,
  tags: [51],
  generatedMs: 210,
  sessionEndedAt: Number.POSITIVE_INFINITY,
  takenBack: false,
  ...changed,
});
const heard = new Map([[40, {}]]);
const greeting = response({tags: [40], sessionEndedAt: 3_372});

describe('an analyst who counts the turns of a call', () => {
  test('need not find a response that nobody heard and that began just before its worker lost the call', () => {
    const last = response({sessionEndedAt: 3_372});
    expect(turnsIn([greeting, last], heard)).toEqual({least: 1, most: 2});
  });

  test('need not find a response that was cancelled before anybody heard it', () => {
    expect(turnsIn([greeting, response({takenBack: true})], heard)).toEqual({least: 1, most: 2});
  });

  test('must find every response that the caller heard, also in the last moments of a session', () => {
    expect(turnsIn([greeting], heard)).toEqual({least: 1, most: 1});
  });

  test('must find a response that nobody heard if its worker had the call for long enough', () => {
    expect(turnsIn([response({sessionEndedAt: 20_000})], heard)).toEqual({least: 1, most: 1});
  });
});

test('an analyst who counts interruptions need not find one of the moment in which its worker lost the call', () => {
  expect(eventsIn([3_226, 10_948], [3_241])).toEqual({least: 1, most: 2});
  expect(eventsIn([3_226, 10_948], [])).toEqual({least: 2, most: 2});
});

test('a recorded number is right within its bounds, and wrong outside of them', () => {
  fc.assert(
    fc.property(fc.nat(9), fc.nat(9), fc.nat(30), (least, more, recorded) => {
      const isRight = recorded >= least && recorded <= least + more;
      expect(nearest(recorded, {least, most: least + more}) === recorded).toBe(isRight);
    }),
  );
});
