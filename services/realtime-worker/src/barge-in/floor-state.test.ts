import {expect, test} from 'vitest';
import {type Floor, floorNow, unsaidOf, withUnsaid} from './floor-state.ts';

const piece = {itemId: 'i1', responseId: 'r1', itemFrom: 0, ms: 20, payload: '/w=='};
const stop = {at: 100, audible: true, unsaid: [piece]};
const heard = {heard: 80, proven: 60, sent: 100, by: 'landing'} as const;

test('the floor is the caller’s again when the last word was heard, though no event says so', () => {
  const speaking: Floor = {state: 'speaking', unsaid: []};
  expect(floorNow(speaking, true).state).toBe('speaking');
  expect(floorNow(speaking, false).state).toBe('listening');
});

test('a reply that waits for a stream keeps the floor, though nothing of it is played', () => {
  expect(floorNow({state: 'speaking', unsaid: [piece]}, false).state).toBe('speaking');
});

test('a reply that was stopped stays stopped until it is known what the caller said', () => {
  const stopping: Floor = {...stop, state: 'stopping', next: {state: 'paused', until: 15_000}};
  const paused: Floor = {...stop, state: 'paused', heard, until: 15_000};
  for (const floor of [stopping, paused]) expect(floorNow(floor, false)).toBe(floor);
});

test('audio that arrives while the reply is paused is kept for the caller, behind what they missed', () => {
  const paused: Floor = {...stop, state: 'paused', heard, until: 15_000};
  const later = {...piece, itemFrom: 20};
  expect(unsaidOf(withUnsaid(paused, [...unsaidOf(paused), later]))).toEqual([piece, later]);
});
