import {assistant, tool} from '@voicebridge/assistant';
import {Definition} from '@voicebridge/assistant/definition.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {expect, test} from 'vitest';
import {z} from 'zod';
import {type CodeTool} from '@voicebridge/assistant/tool.ts';
import {ownTool} from './own-tool.ts';

const job = {
  callSid: CallSid.parse(`CA${'1'.repeat(32)}`),
  key: 'CA1:c1',
  secrets: {},
  send: async () => ({status: 200, type: '', body: ''}),
  signal: new AbortController().signal,
};
const book = (more: object = {}, run: (args: {people: number}) => unknown = ({people}) => ({table: people})) =>
  tool({about: 'Books a table.', input: z.object({people: z.number().int()}), run, ...more});
const made = (definition: CodeTool) => ownTool('book', definition, {shop: 'Bern'});

test('the model is told what a tool does and which arguments it takes', () => {
  expect(made(book())).toMatchObject({
    name: 'book',
    description: 'Books a table.',
    parameters: {
      type: 'object',
      properties: {people: {type: 'integer'}},
      required: ['people'],
      additionalProperties: false,
    },
  });
});

test('a record keeps what a tool was asked and answered only where its definition says so', () => {
  const kept = (more: object) => made(book(more)).isKept;
  expect([kept({}), kept({record: 'mask'}), kept({record: 'keep'})]).toEqual([false, false, true]);
});

test('wrong arguments are told with their place', () => {
  expect(made(book()).check?.({people: 'four'})).toMatch(/^people: .*expected number/);
  expect(made(book()).check?.({})).toMatch(/^people: /);
  expect(made(book()).check?.({people: 4})).toBeUndefined();
});

test('a text is given to the model as it is, anything else as JSON, and a long result is cut off', async () => {
  expect(await made(book()).run({people: 4}, job)).toEqual({kind: 'output', output: '{"table":4}'});
  expect(await made(book({}, () => 'At seven.')).run({people: 4}, job)).toEqual({kind: 'output', output: 'At seven.'});
  expect(await made(book({}, () => undefined)).run({people: 4}, job)).toEqual({kind: 'output', output: 'Done.'});
  const long = await made(book({}, () => 'x'.repeat(50_000_000))).run({people: 4}, job);
  expect(long).toMatchObject({output: expect.stringMatching(/^x{20000} \(cut off\)$/)});
});

test('a tool has its key and the variables of its call', async () => {
  const seen: unknown[] = [];
  const definition = tool({
    about: 'Asks.',
    input: z.object({}),
    run: (_, {key, variables}) => seen.push([key, variables]),
  });
  await ownTool('ask', definition, {shop: 'Bern'}).run({}, job);
  expect(seen).toEqual([['CA1:c1', {shop: 'Bern'}]]);
});

test('what an assistant says of a tool is what it does; nothing runs twice unless it says so', () => {
  const usual = {timeoutMs: 10_000, waiting: undefined, isRepeatable: false, needsApproval: false, oncePerCall: false};
  expect(made(book())).toMatchObject(usual);
  const special = {
    timeoutMs: 3_000,
    while: {say: 'One moment.', afterMs: 700},
    whenInterrupted: 'cancel',
    repeatable: true,
  } as const;
  const {tools} = Definition.parse(assistant({tools: {book: book(special)}}));
  expect(tools?.['book']).toMatchObject({kind: 'code'});
  expect(made(book(special))).toMatchObject({
    timeoutMs: 3_000,
    waiting: {say: ['One moment.'], afterMs: 700},
    stopsForCaller: true,
    isRepeatable: true,
  });
});
