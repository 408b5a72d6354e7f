import {expect, test} from 'vitest';
import {type CallerStep, type CallerView, ScriptedCaller} from './caller-script.ts';

const quiet: CallerView<string> = {
  call: 'call',
  talking: false,
  assistantAudibleFor: 0,
  assistantHeardUntil: undefined,
};
const hearing = (ms: number, at: number): CallerView<string> => ({
  ...quiet,
  assistantAudibleFor: ms,
  assistantHeardUntil: at,
});
const silentSince = (at: number): CallerView<string> => ({...quiet, assistantHeardUntil: at});
const caller = (...steps: CallerStep<string>[]) => new ScriptedCaller(steps);

test('a caller says one thing after the other, and hangs up when all is said', () => {
  const it = caller({do: 'say', clip: 'caller-hello'}, {do: 'pause', ms: 100}, {do: 'hangUp'});
  expect(it.tick(0, quiet)).toEqual({do: 'say', clip: 'caller-hello'});
  expect(it.tick(20, {...quiet, talking: true})).toBeUndefined();
  expect(it.tick(1_000, quiet)).toBeUndefined();
  expect(it.tick(1_099, quiet)).toBeUndefined();
  expect(it.tick(1_100, quiet)).toEqual({do: 'hangUp'});
  expect(it.finished).toBe(true);
});

test('a caller who interrupts waits until the assistant has been audible long enough', () => {
  const it = caller({do: 'interruptAfter', ms: 500, clip: 'caller-interrupts'});
  expect(it.tick(0, quiet)).toBeUndefined();
  expect(it.tick(600, hearing(480, 600))).toBeUndefined();
  expect(it.tick(620, hearing(500, 620))).toEqual({do: 'say', clip: 'caller-interrupts'});
});

test('a caller waits for an answer to the last word, not for an older silence', () => {
  const it = caller(
    {do: 'waitForSilence', ms: 300},
    {do: 'press', digit: '1'},
    {do: 'waitForSilence', ms: 300},
    {do: 'hangUp'},
  );
  expect(it.tick(0, quiet)).toBeUndefined();
  expect(it.tick(1_000, hearing(200, 1_000))).toBeUndefined();
  expect(it.tick(1_299, silentSince(1_000))).toBeUndefined();
  expect(it.tick(1_300, silentSince(1_000))).toEqual({do: 'press', digit: '1'});
  expect(it.tick(2_000, silentSince(1_000))).toBeUndefined();
  expect(it.tick(2_400, silentSince(2_100))).toEqual({do: 'hangUp'});
});

test('a caller who waits for the assistant heard a word that was shorter than the time in which a busy machine did not look', () => {
  const it = caller({do: 'waitForAssistant'}, {do: 'press', digit: '1'}, {do: 'waitForAssistant'}, {do: 'hangUp'});
  expect(it.tick(1_000, silentSince(900))).toEqual({do: 'press', digit: '1'});
  expect(it.tick(1_020, silentSince(900))).toBeUndefined();
  expect(it.tick(2_000, silentSince(1_300))).toEqual({do: 'hangUp'});
});

test('a caller may wait for anything', () => {
  let ready = false;
  const it = caller({do: 'until', until: () => ready}, {do: 'hangUp'});
  expect(it.tick(0, quiet)).toBeUndefined();
  ready = true;
  expect(it.tick(20, quiet)).toEqual({do: 'hangUp'});
});
