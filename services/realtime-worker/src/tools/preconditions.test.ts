import {expect, test} from 'vitest';
import {Conversation} from '../conversation/conversation.ts';
import {ModelContext} from '../conversation/model-context.ts';
import {KeyEntries} from './key-entries.ts';
import {Preconditions} from './preconditions.ts';
import {ToolRecords} from './tool-records.ts';
import type {BackgroundTool} from './tool.ts';

const cancel: BackgroundTool = {
  runs: 'later',
  name: 'cancel',
  description: 'Cancels an order.',
  parameters: {type: 'object', properties: {order: {type: 'string'}}, additionalProperties: false},
  timeoutMs: 1_000,
  run: async () => ({kind: 'output', output: 'cancelled'}),
};
const seven = {order: '7'};

/** What answers for a tool, in a call of which this is known. */
function known({entered = '', asked = false, says = false, hadResult = false} = {}) {
  const conversation = new Conversation();
  const records = new ToolRecords();
  const memory = new ModelContext(conversation, {epoch: 1, truncates: true});
  if (asked || hadResult) {
    memory.remember({kind: 'toolCall', id: 'i1', callId: 'c1', name: 'cancel', arguments: '{"order": "7"}'});
    memory.toolResult('c1', 'the first result');
    const record = records.next({turn: 0, name: 'cancel', at: 0});
    const outcome = hadResult ? ({kind: 'output', output: ''} as const) : ({kind: 'failed', output: ''} as const);
    records.ended('c1', record, {outcome, durationMs: 1});
  }
  if (says) memory.remember({kind: 'caller', id: 'u1', text: 'Yes, please.'});
  const keys = entered === '' ? [] : [{callId: 'k', as: 'pin', keys: entered, isWhole: true}];
  const preconditions = new Preconditions({memory, records, entries: new KeyEntries(keys)});
  return (tool: Partial<BackgroundTool>) => preconditions.answer({...cancel, ...tool}, seven, 'c2');
}

test('a tool of which nothing is asked runs', () => {
  expect(known()({})).toBeUndefined();
});

test('wrong arguments are told before anything else is asked', () => {
  const answer = known()({check: () => 'order 7 is unknown', needsApproval: true});
  expect(answer).toMatchObject({kind: 'failed', output: expect.stringContaining('order 7 is unknown')});
});

test('a tool for which the caller has entered no digits does not run, and the model hears which are missing', () => {
  expect(known()({secrets: ['pin']})).toMatchObject({kind: 'failed', output: expect.stringContaining('pin')});
  expect(known({entered: '4711'})({secrets: ['pin']})).toBeUndefined();
});

test('a caller must have been asked, and have said something since, before a tool runs that needs their yes', () => {
  const needsApproval = true;
  expect(known()({needsApproval})).toMatchObject({kind: 'failed'});
  expect(known({asked: true})({needsApproval})).toMatchObject({kind: 'failed'});
  expect(known({asked: true, says: true})({needsApproval})).toBeUndefined();
});

test('a repeat with the same arguments gets the first result that was a success, whoever writes the blanks', () => {
  expect(known({hadResult: true})({oncePerCall: true})).toEqual({kind: 'output', output: 'the first result'});
  expect(known({asked: true})({oncePerCall: true})).toBeUndefined();
  expect(known({hadResult: true})({})).toBeUndefined();
});
