import {expect, test} from 'vitest';
import {bugsLogged, createLog, logOfCall, toggleDebug} from './log.ts';
import {tellError, tellMessage} from './tell-error.ts';
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

/** A log, and its lines so far. */
function logWithLines(level?: string) {
  const lines: Record<string, unknown>[] = [];
  const to = {write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>)};
  return {log: createLog('test', {to, ...(level ? {level} : {})}), lines};
}

test('an operator who turns debug on sees the debug lines of calls that are already active, until it is off again', () => {
  const {log, lines} = logWithLines();
  const ofCall = logOfCall(log.child({worker: 'worker-1'}), callSid);
  ofCall.debug({}, 'before');
  expect(toggleDebug(log, 'info')).toBe('debug');
  ofCall.debug({}, 'meanwhile');
  logOfCall(log, callSid).debug({}, 'of a new call');
  expect(toggleDebug(log, 'info')).toBe('info');
  ofCall.debug({}, 'after');
  expect(lines.map(({msg}) => msg)).toEqual(['meanwhile', 'of a new call']);
});

test('an operator counts the lines about bugs, also those of a call', () => {
  const {log} = logWithLines();
  const before = bugsLogged();
  log.error({err: new Error('x')}, 'bug: something failed');
  logOfCall(log, callSid).error('bug: without facts');
  log.error({}, 'no bug: it only says so');
  expect(bugsLogged() - before).toBe(2);
});

test('an error under any name, or alone, has only the fields of the allow-list', () => {
  const canary = 'my number is 5005550006';
  const failure = Object.assign(new Error('refused'), {command: {args: [canary]}, params: [canary], query: canary});
  const {log, lines} = logWithLines();
  log.error({err: failure}, 'said');
  log.error({thrown: failure}, 'said');
  log.error(failure);
  log.error({err: new AggregateError([failure, failure], 'both')}, 'said');
  log.error({err: new Error('outer', {cause: new Error('inner', {cause: failure})})}, 'said');
  expect(lines).toHaveLength(5);
  expect(JSON.stringify(lines)).not.toContain('5005550006');
  expect(lines[1]).toMatchObject({thrown: {type: 'Error', message: 'refused'}});
  expect(lines[3]).toMatchObject({err: {errors: [{message: 'refused'}, {message: 'refused'}]}});
  expect(lines[4]).toMatchObject({err: {cause: {cause: {message: 'refused'}}}});
});

test('a server that chooses the code, the name and lines of an error cannot have its words logged by that', () => {
  const words = 'key sk-7f3a9c of Maria';
  const failure = Object.assign(new Error(`refused\n    at ${words}`), {code: words, name: words});
  const told = tellError(failure);
  expect(told).toMatchObject({type: 'Error', stack: expect.stringMatching(/^\s+at .*log\.test/)});
  expect(JSON.stringify({...told, message: ''})).not.toMatch(/Maria|7f3a9c/);
  expect(tellError(Object.assign(new Error('x'), {code: 4_799_999_999})).code).toBeUndefined();
  expect(tellError(Object.assign(new Error('x'), {code: '22P02', name: 'MongoError'}))).toMatchObject({
    code: '22P02',
    type: 'MongoError',
  });
});

test.each([
  [
    new SyntaxError(`Unexpected token 'H', "Hello, 5005550006" is not valid JSON`),
    'Unexpected token "…" is not valid JSON',
  ],
  [
    Object.assign(new Error('invalid input syntax for type bigint: "5005550006"'), {code: '22P02'}),
    'invalid input syntax for type bigint: "…"',
  ],
  [Object.assign(new Error('relation "calls" does not exist'), {code: '42P01'}), 'relation "calls" does not exist'],
  [new Error("ERR unknown command 'X', with args beginning with: '5005550006'"), "ERR unknown command 'X'"],
  [new Error('cannot reach redis://user:secret@10.0.0.1:6379'), 'cannot reach redis://…@10.0.0.1:6379'],
  [new Error('cannot dial +15005550006'), 'cannot dial +…'],
])('a message keeps what helps and loses the values it repeats (%s)', (thrown, message) => {
  expect(tellMessage(thrown)).toBe(message);
});

test('an object whose text cannot be had is still told', () => {
  for (const thrown of [
    Object.create(null),
    {
      toString: () => {
        throw new Error('no');
      },
    },
    Symbol('x'),
  ])
    expect(tellError(thrown).message.length).toBeGreaterThan(0);
});

test('a value with line breaks cannot begin a line of its own', () => {
  const written: string[] = [];
  createLog('test', {to: {write: line => void written.push(line)}}).info({path: 'a\n{"level":"error"}\r\n'}, 'asked');
  expect(written).toHaveLength(1);
  expect(written[0]?.trimEnd()).not.toMatch(/[\r\n]/);
});
