import {expect, test} from 'vitest';
import {CANARIES, leaksIn, takeLeaks} from './canaries.ts';
import {canaryLog} from './canary-log.ts';

test.each([
  ...Object.values(CANARIES),
  'From=%2B15550187654&To=x',
  '{"caller":"+4930123456"}',
  'the caller 15550187654 hung up',
])('%s is found in a line', text => {
  expect(leaksIn(`{"level":"info","msg":"${text}"}`)).not.toEqual([]);
});

test.each([
  '{"level":"info","time":"2026-11-29T10:00:00.000Z","callSid":"CA15550187654015550187654aaaaaaaaaa","ms":15550187654.25}',
  'audio of base64 AAAA+15550187654AAAA==',
  '2026-11-29T10:00:00+01:00',
])('an id, a time and audio are no telephone numbers: %s', text => {
  expect(leaksIn(text)).toEqual([]);
});

test('a line with a number fails the test that wrote it, at any level', () => {
  canaryLog('test').trace({fact: CANARIES.caller}, 'a mistake');
  expect(takeLeaks()).toEqual([expect.stringContaining('a telephone number in: {"level":"trace"')]);
});
