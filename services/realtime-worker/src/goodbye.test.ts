import {expect, test} from 'vitest';
import {Goodbye} from './goodbye.ts';

test('the line stays open until the last word was heard', () => {
  const goodbye = new Goodbye();
  goodbye.say('call-1', 'r1');
  expect(goodbye.over(true, 0)).toBe(false); // the reply is not even complete
  goodbye.responseEnded('r1', 1_500, 100);
  expect(goodbye.over(false, 1_000)).toBe(false);
  expect(goodbye.over(true, 1_650)).toBe(true);
});

test('a mark that never comes back does not leave the line open', () => {
  const goodbye = new Goodbye();
  goodbye.say('call-1', 'r1');
  goodbye.responseEnded('r1', 1_500, 100);
  expect(goodbye.deadline).toBe(3_600);
  expect(goodbye.over(false, 3_600)).toBe(true);
});

test('a caller who speaks keeps the line, and the tool call is answered once', () => {
  const goodbye = new Goodbye();
  goodbye.say('call-1', 'r1');
  goodbye.responseEnded('r1', 1_500, 100);
  expect(goodbye.cancel()).toBe('call-1');
  expect(goodbye.cancel()).toBeUndefined();
  expect(goodbye.over(true, 9_000)).toBe(false);
});

test('a goodbye said twice is said once', () => {
  const goodbye = new Goodbye();
  goodbye.say('call-1', 'r1');
  goodbye.say('call-2', 'r1');
  expect(goodbye.cancel()).toBe('call-1');
});
