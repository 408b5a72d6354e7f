import {expect, test} from 'vitest';
import {createLog, logOfCall} from './log.ts';
import {CallSid} from '../protocol/ids.ts';

const callSid = CallSid.parse(`CA${'1'.repeat(32)}`);
const traceId = 'a'.repeat(32);

/** What a line about the call carries, given what is known of its trace. */
function factsOfLine(traceparent?: string | null): unknown {
  const lines: string[] = [];
  logOfCall(createLog('test', {to: {write: line => void lines.push(line)}}), callSid, traceparent).info({}, 'said');
  return JSON.parse(lines[0] ?? '{}');
}

test('an operator finds the lines of a call by its CallSid and by the id of its trace', () => {
  expect(factsOfLine(`00-${traceId}-${'b'.repeat(16)}-01`)).toMatchObject({callSid, traceId});
});

test('a line of a call without a trace carries no id of one', () => {
  for (const traceparent of [undefined, null, 'nonsense'])
    expect(factsOfLine(traceparent)).not.toHaveProperty('traceId');
});
