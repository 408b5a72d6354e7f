import {expect, test} from 'vitest';
import {TestClient} from '../testing/test-client.ts';
import type {Reply} from './model-script.ts';

const URL = 'https://crm.example.com/mcp';
const crm = {type: 'mcp', server_label: 'crm', server_url: URL};
const finds = (name = 'find'): Reply => [{mcp: {server: 'crm', name, arguments: {order: '7'}}}];
const settle = () => new Promise(resolve => setImmediate(resolve));

function clientOf(tool: object, script: readonly Reply[] = [finds(), [{say: {text: 'It was sent.', audioMs: 100}}]]) {
  const asked: unknown[] = [];
  const run = (args: string, headers: object) => {
    asked.push([JSON.parse(args), headers]);
    return 'Order 7 was sent.';
  };
  const mcpServers = {
    [URL]: {find: {readOnly: true, run}, cancel: {run}, broken: {run: () => Promise.reject(new Error('no'))}},
  };
  const client = TestClient.onThePhone({script, mcpServers});
  client.say('session.update', {session: {type: 'realtime', tools: [{...crm, ...tool}]}});
  client.wait(100);
  return {client, asked};
}
/** Asks for a response, and lets what it calls run to its end. */
async function respond(client: TestClient) {
  client.say('response.create');
  client.until('response.done');
  await settle();
  client.wait(1);
}

test('what a server offers is listed, as far as it is allowed; one that nobody reaches is told', () => {
  const {client} = clientOf({allowed_tools: ['find']});
  expect(client.one('mcp_list_tools.completed')).toBeDefined();
  expect(client.one('conversation.item.done')['item'].tools.map(({name}: {name: string}) => name)).toEqual(['find']);
  const other = clientOf({server_url: 'https://nowhere.example.com/mcp'}).client;
  expect(other.one('mcp_list_tools.failed')['item_id']).toBe(other.one('conversation.item.added')['item'].id);
});

test('a call runs by itself, with the secrets of the session, and nothing is said of its result unless that is asked for', async () => {
  const {client, asked} = clientOf({authorization: 's3cret', headers: {'x-tenant': 'a'}, require_approval: 'never'});
  client.frames.length = 0;
  await respond(client);
  expect(asked).toEqual([[{order: '7'}, {authorization: 'Bearer s3cret', 'x-tenant': 'a'}]]);
  expect(TestClient.types(client.frames)).toEqual([
    'response.created',
    'response.output_item.added',
    'conversation.item.added',
    'response.mcp_call_arguments.delta',
    'response.mcp_call_arguments.done',
    'response.mcp_call.in_progress',
    'response.done',
    'rate_limits.updated',
    'response.mcp_call.completed',
    'conversation.item.done',
    'response.output_item.done',
  ]);
  expect(client.one('response.output_item.done')['item']).toMatchObject({output: 'Order 7 was sent.', error: null});
  client.wait(10_000);
  expect(client.all('response.created')).toHaveLength(1);
  await respond(client);
  expect(client.all('response.created')).toHaveLength(2);
});

test('a tool that fails has an error', async () => {
  const {client} = clientOf({require_approval: 'never'}, [finds('broken')]);
  await respond(client);
  expect(client.one('response.mcp_call.failed')).toBeDefined();
  expect(client.one('response.output_item.done')['item']).toMatchObject({output: null, error: {message: 'no'}});
});

test('a call waits for a yes unless the client says that it need not, and runs when that comes', async () => {
  const {client, asked} = clientOf({});
  await respond(client);
  const {item} = client.one('response.output_item.done');
  expect(item).toMatchObject({type: 'mcp_approval_request', name: 'find', server_label: 'crm'});
  expect(asked).toEqual([]);
  const answer = {type: 'mcp_approval_response', id: 'a1', approval_request_id: item.id, approve: true};
  client.say('conversation.item.create', {item: answer});
  await settle();
  client.wait(1);
  expect(asked).toHaveLength(1);
  const done = client.all('conversation.item.done').at(-1)?.['item'];
  expect(done).toMatchObject({type: 'mcp_call', approval_request_id: item.id, output: 'Order 7 was sent.'});
  const again = client.say('conversation.item.create', {item: {...answer, id: 'a2'}});
  expect(again[0]?.['error'].message).toContain('was answered already');
});

test('a no is heard, and nothing runs; an answer to nothing is refused', async () => {
  const {client, asked} = clientOf({});
  await respond(client);
  const {id} = client.one('response.output_item.done')['item'];
  client.say('conversation.item.create', {
    item: {type: 'mcp_approval_response', id: 'a1', approval_request_id: id, approve: false, reason: 'ask first'},
  });
  await settle();
  client.wait(1);
  expect(asked).toEqual([]);
  const [refused] = client.say('conversation.item.create', {
    item: {type: 'mcp_approval_response', id: 'a2', approval_request_id: 'nothing', approve: true},
  });
  expect(refused?.['error'].param).toBe('item.approval_request_id');
});

test.each([
  [{always: {read_only: false}, never: {read_only: true}}, false, true],
  [{always: {tool_names: ['find']}, never: {tool_names: ['cancel']}}, true, false],
  ['always', true, true],
  ['never', false, false],
  [{never: {tool_names: ['find']}}, false, true],
])('with the rule %j, finding needs a yes: %s, and cancelling: %s', async (rule, find, cancel) => {
  for (const [name, needs] of [
    ['find', find],
    ['cancel', cancel],
  ] as const) {
    const {client, asked} = clientOf({require_approval: rule}, [finds(name)]);
    await respond(client);
    expect(asked).toHaveLength(needs ? 0 : 1);
  }
});

test.each([
  [{server_url: undefined}, 'session.tools[0].server_url'],
  [{tunnel_id: `tunnel_${'a'.repeat(32)}`}, 'session.tools[0].server_url'],
  [{server_label: 'my crm'}, 'session.tools[0].server_label'],
])('a server with %j is refused', (tool, param) => {
  const {client} = clientOf({});
  const [refused] = client.say('session.update', {session: {type: 'realtime', tools: [{...crm, ...tool}]}});
  expect(refused?.['error'].param).toBe(param);
});
