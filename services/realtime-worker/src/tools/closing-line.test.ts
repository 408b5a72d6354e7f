import {expect, test} from 'vitest';
import {ClosingLine} from './closing-line.ts';

const hungUp = {reason: 'assistant.hung-up', wordless: false};

test('the line stays open until the last word was heard', () => {
  const goodbye = new ClosingLine();
  goodbye.say('call-1', 'r1', 0);
  expect(goodbye.over(true, false, 0)).toBeUndefined(); // the reply is not even complete
  goodbye.responseEnded('r1', 1_500, 100);
  expect(goodbye.over(false, false, 1_000)).toBeUndefined();
  expect(goodbye.over(true, false, 1_650)).toEqual(hungUp);
});

test('a mark that never comes back does not leave the line open', () => {
  const goodbye = new ClosingLine();
  goodbye.say('call-1', 'r1', 0);
  goodbye.responseEnded('r1', 1_500, 100);
  expect(goodbye.deadline(false)).toBe(3_600);
  expect(goodbye.over(false, false, 3_600)).toEqual(hungUp);
});

test('a caller who speaks keeps the line, and the tool call is answered once', () => {
  const goodbye = new ClosingLine();
  goodbye.say('call-1', 'r1', 0);
  goodbye.responseEnded('r1', 1_500, 100);
  expect(goodbye.cancel()).toBe('call-1');
  expect(goodbye.cancel()).toBeUndefined();
  expect(goodbye.over(true, false, 9_000)).toBeUndefined();
});

test('a second goodbye changes nothing about the first', () => {
  const goodbye = new ClosingLine();
  goodbye.say('call-1', 'r1', 0);
  goodbye.say('call-2', 'r1', 0);
  expect(goodbye.cancel()).toBe('call-1');
});
