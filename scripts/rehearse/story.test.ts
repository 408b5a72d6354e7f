import {expect, test} from 'vitest';
import {keysStory, resultLines, toolWarning} from './story.ts';

test('a builder reads why a tool failed, and nothing else that a worker says', () => {
  const said = (json: object) => toolWarning({stream: 'out', text: '', json: {...json}});
  const line = {level: 'warn', time: 1, pid: 2, callSid: 'CA1', msg: 'a tool failed'};
  const stack = (file: string) => `    at run (${file}:12:5)\n    at more`;
  const failed = {...line, tool: 'find_order', message: 'SHOP_TOKEN is not set'};
  expect(said({...failed, stack: stack('/here/libs/assistant/src/http/send-request.ts')})).toBe(
    'worker     find_order: a tool failed (message SHOP_TOKEN is not set)',
  );
  expect(said({...failed, stack: stack('node:net')})).not.toContain('node:net');
  expect(said({...failed, stack: stack('/here/assistants/reception.ts')})).toContain('reception.ts:12:5');
  expect(said(line)).toBeUndefined();
  expect(said({...line, level: 'info', tool: 'find_order'})).toBeUndefined();
});

test('a builder reads what each tool told the model, also that one failed', () => {
  const called = (result: string | undefined) => ({name: 'find_order', args: {}, result});
  expect(resultLines([called('{"error":\n "the server did not answer"}'), called(undefined)])).toEqual([
    '        result     find_order {"error": "the server did not answer"}',
    '        result     find_order no result',
  ]);
  expect(resultLines([called('a'.repeat(500))])[0]).toMatch(/ a{200}…$/);
});

test('a builder reads which keys the caller presses, once for each entry of the file', () => {
  const told = keysStory([{presses: '12#'}, {says: 'Hello.'}, {presses: '7'}]);
  expect(Array.from('12#7', digit => told(digit))).toEqual(['presses    12#', undefined, undefined, 'presses    7']);
});
