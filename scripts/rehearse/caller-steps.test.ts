import {expect, test} from 'vitest';
import {callerSteps} from './caller-steps.ts';

/** The assistant is silent; a caller who was sent elsewhere meanwhile waits until it has spoken again. */
const turn = ['waitForSilence', 'until', 'waitForSilence'];
const kinds = (script: ReturnType<typeof callerSteps>) => script.map(step => step.do);

test('a caller lets the assistant finish before each thing they do', () => {
  const script = callerSteps([{says: 'Hello'}, {presses: '12'}, {hangsUp: true}]);
  expect(kinds(script)).toEqual([...turn, 'say', ...turn, 'press', 'pause', 'press', ...turn, 'hangUp']);
});

test('a caller who waits by the clock speaks whether or not anything was heard', () => {
  expect(kinds(callerSteps([{waits: 500}, {says: 'Hello'}, {hangsUp: true}])).slice(0, 2)).toEqual(['pause', 'say']);
});

test('an interruption begins this many milliseconds into the answer', () => {
  expect(callerSteps([{interruptsAfter: 900, says: 'Wait'}])[0]).toEqual({do: 'waitForAssistant', speakingFor: 900});
});

test('a caller who has nothing left to say hangs up if the assistant does not', () => {
  expect(kinds(callerSteps([{says: 'Goodbye'}])).slice(-2)).toEqual(['pause', 'hangUp']);
});
