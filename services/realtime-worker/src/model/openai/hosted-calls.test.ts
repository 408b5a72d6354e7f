import {expect, test} from 'vitest';
import {OpenAIReader} from './server-events.ts';

const item = {id: 'i1', type: 'mcp_call', server_label: 'crm', name: 'find', arguments: '', output: null, error: null};
const created = {type: 'response.created', response: {id: 'r1'}};
const added = {type: 'response.output_item.added', item};
const args = {type: 'response.mcp_call_arguments.done', response_id: 'r1', item_id: 'i1', arguments: '{"order":"7"}'};
const running = {type: 'response.mcp_call.in_progress', item_id: 'i1'};
const whole = {...item, arguments: '{"order":"7"}', output: 'It was sent.'};
const done = {type: 'response.output_item.done', item: whole};
const called = {
  type: 'hostedCalled',
  responseId: 'r1',
  itemId: 'i1',
  server: 'crm',
  name: 'find',
  arguments: '{"order":"7"}',
  asks: false,
  approvedBy: undefined,
};
const ended = {type: 'hostedEnded', itemId: 'i1', ok: true, output: 'It was sent.'};

/** What is told about hosted tools. */
function told(...events: readonly object[]) {
  const reader = new OpenAIReader();
  const readings = [created, ...events].map(event => reader.read(JSON.stringify(event)));
  expect(readings.flatMap(({problem}) => problem ?? [])).toEqual([]);
  return readings.flatMap(({events: all}) => all.filter(({type}) => type.startsWith('hosted')));
}

test.each([
  ['as documented', [added, args, running, {type: 'response.mcp_call.completed', item_id: 'i1'}, done]],
  [
    'with both reports of each item',
    [
      added,
      {type: 'conversation.item.added', item},
      args,
      running,
      {type: 'conversation.item.done', item: whole},
      done,
    ],
  ],
  [
    'after its response',
    [added, args, {type: 'response.done', response: {id: 'r1', status: 'completed'}}, running, done],
  ],
  ['without the word that it runs', [added, args, done]],
  ['with nothing but its end', [done]],
  [
    'with an item that is done before it has a result',
    [added, args, {type: 'conversation.item.done', item: {...whole, output: null}}, done],
  ],
])('a call of the provider is told once, and so is its result: %s', (_, events) => {
  expect(told(...events)).toEqual([called, ended]);
});

test('a call that failed is told with its message', () => {
  const error = {type: 'http_error', code: 502, message: 'Bad gateway'};
  expect(told(added, args, {...done, item: {...whole, output: null, error}}).at(-1)).toEqual({
    ...ended,
    ok: false,
    output: 'Bad gateway',
  });
});

test('a request for a yes is told with what it is for, and the call that follows with whom it belongs to', () => {
  const request = {...item, id: 'q1', type: 'mcp_approval_request', arguments: '{"order":"7"}'};
  const approved = {...item, approval_request_id: 'q1', arguments: '{"order":"7"}'};
  const asked = {...called, itemId: 'q1', asks: true};
  expect(
    told(
      {type: 'response.output_item.added', item: {...request, arguments: ''}},
      {type: 'conversation.item.done', item: request},
      {type: 'response.output_item.done', item: request},
      {type: 'response.done', response: {id: 'r1', status: 'completed'}},
      {type: 'conversation.item.added', item: approved},
      running,
      {type: 'conversation.item.done', item: {...approved, output: 'It was sent.'}},
    ),
  ).toEqual([asked, {...called, responseId: undefined, approvedBy: 'q1'}, ended]);
});

test('a server that the provider does not reach is told by its name', () => {
  const list = {
    type: 'conversation.item.added',
    item: {id: 'l1', type: 'mcp_list_tools', server_label: 'crm', tools: []},
  };
  expect(told(list, {type: 'mcp_list_tools.failed', item_id: 'l1'})).toEqual([{type: 'hostedAway', server: 'crm'}]);
});
