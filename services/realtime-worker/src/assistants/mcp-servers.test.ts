import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {text} from 'node:stream/consumers';
import {Catalogue} from '@voicebridge/assistant/catalogue.ts';
import {Definition} from '@voicebridge/assistant/definition.ts';
import {mcp} from '@voicebridge/assistant';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {closeServer, listen} from '@voicebridge/shared/service/http.ts';
import {systemClock} from '@voicebridge/shared/time.ts';
import {afterEach, expect, test, vi} from 'vitest';
import {startHttpServer, THIS_FILE} from '../testing/mcp-test-server.ts';
import {standard} from '../testing/standard.ts';
import {McpServer} from './mcp-server.ts';
import {McpServers} from './mcp-servers.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});
const job = {
  callSid: CallSid.parse(`CA${'1'.repeat(32)}`),
  key: 'CA1:c1',
  secrets: {},
  signal: new AbortController().signal,
  send: async () => ({status: 200, type: '', body: ''}),
};

async function serversOf(tool: ReturnType<typeof mcp>) {
  const servers = new McpServers({
    secret: name => (name === 'CRM_TOKEN' ? 's3cret' : undefined),
    clock: systemClock,
    log: createLog('test', {level: 'silent'}),
  });
  open.push(servers);
  const definition = Definition.parse({tools: {crm: tool}});
  await servers.renew(
    new Catalogue(standard, [{name: 'a', file: 'a.yaml', definition, prompt: 'Hi.', source: undefined}]),
  );
  return (name: string) => servers.toolsOf('crm', tool).find(each => each.name === `crm_${name}`);
}

test('the tools of a server over HTTP are the model’s, by name of the tool, and answer with a secret of the environment', async () => {
  const server = await startHttpServer();
  open.push(server);
  const authorization = {env: 'CRM_TOKEN', prefix: 'Bearer '};
  const tool = await serversOf(mcp(server.url, {headers: {authorization}, allowPrivate: true, approve: true}));
  expect(tool('find')).toMatchObject({description: 'Finds an order.', isRepeatable: true, needsApproval: false});
  expect(tool('cancel_order')).toMatchObject({isRepeatable: false, needsApproval: true});
  expect(tool('find')?.parameters).toMatchObject({properties: {order: {type: 'string'}}, required: ['order']});
  expect(await tool('find')?.run({order: '7'}, job)).toEqual({kind: 'output', output: 'Order 7 was sent.'});
  expect(await tool('find')?.run({order: 'none'}, job)).toEqual({kind: 'failed', output: 'There is no such order.'});
  const wrong = await tool('find')?.run({}, job);
  expect(wrong).toMatchObject({kind: 'failed', output: expect.stringMatching(/order/)});
  expect(new Set(server.headers)).toEqual(new Set(['Bearer s3cret']));
});

test('a command is a server, which has only what is allowed, and only the variables that are named', async () => {
  const command = [process.execPath, THIS_FILE];
  const tool = await serversOf(mcp(command, {allow: ['cancel.order'], env: ['CRM_TOKEN']}));
  await vi.waitFor(() => expect(tool('cancel_order')).toBeDefined(), {timeout: 20_000, interval: 100});
  expect(tool('find')).toBeUndefined();
  // It answers with what it was given, and what is a secret of ours is taken out of what a server says.
  expect(await tool('cancel_order')?.run({order: '7'}, job)).toEqual({kind: 'output', output: '[secret]'});
}, 30_000);

test('what a server says with an error is in no log, nor is a key that it repeats', async () => {
  const lines: string[] = [];
  const said = {jsonrpc: '2.0', error: {code: -32_603, message: 'the key s3cret of Maria is not good'}};
  const server = createServer((request, response) => {
    void text(request).then(body => {
      response.writeHead(200, {'content-type': 'application/json'});
      response.end(JSON.stringify({...said, id: (JSON.parse(body || '{}') as {id?: number}).id ?? null}));
    });
  });
  const port = await listen(server, 0);
  open.push({[Symbol.asyncDispose]: () => closeServer(server)});
  const log = createLog('test', {to: {write: line => void lines.push(line)}});
  const tool = mcp(`http://127.0.0.1:${port}/s3cret/mcp`, {allowPrivate: true});
  const broken = new McpServer(tool, {secret: () => undefined, clock: systemClock, log});
  open.push(broken);
  await broken.start();
  expect(lines.join('')).toContain('an MCP server cannot be reached');
  expect(lines.join('')).toContain('-32603');
  expect(lines.join('')).not.toMatch(/s3cret|Maria/);
});

test('a server that goes while a tool runs is told to the model, and is reached again when it is back', async () => {
  const server = await startHttpServer();
  const tool = await serversOf(mcp(server.url, {allowPrivate: true}));
  const hanging = tool('hang')?.run({}, job);
  await new Promise(resolve => setTimeout(resolve, 50));
  await server[Symbol.asyncDispose]();
  expect(await hanging).toMatchObject({kind: 'failed', output: expect.stringContaining('cannot be reached now')});
  expect(await tool('find')?.run({order: '7'}, job)).toMatchObject({kind: 'failed'});
  open.push(await startHttpServer(server.port));
  await vi.waitFor(async () => expect(await tool('find')?.run({order: '7'}, job)).toMatchObject({kind: 'output'}), {
    timeout: 20_000,
    interval: 200,
  });
}, 30_000);

test('a call that ends stops its tool, and a private address is refused unless it is allowed', async () => {
  const server = await startHttpServer();
  open.push(server);
  const tool = await serversOf(mcp(server.url, {allowPrivate: true}));
  const over = new AbortController();
  const hanging = tool('hang')?.run({}, {...job, signal: over.signal});
  over.abort();
  await expect(hanging).rejects.toThrow(/abort/i);
  expect((await serversOf(mcp(server.url)))('find')).toBeUndefined();
  expect((await serversOf(mcp(server.url.replace('127.0.0.1', 'localhost'))))('find')).toBeUndefined();
});

/** A server that answers JSON-RPC as it likes. */
async function rawServer(tools: readonly object[], result: object) {
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const {id, method, params} = JSON.parse((await text(request)) || '{}');
    if (id === undefined) return response.writeHead(request.method === 'GET' ? 405 : 202).end();
    const welcome = {...params, capabilities: {tools: {}}, serverInfo: {name: 'x', version: '1'}};
    const answers: Record<string, object> = {initialize: welcome, 'tools/list': {tools}, 'tools/call': result};
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify({jsonrpc: '2.0', id, result: answers[method] ?? {}}));
  };
  const server = createServer((request, response) => void answer(request, response));
  const port = await listen(server, 0, 'PORT', '127.0.0.1');
  open.push({[Symbol.asyncDispose]: () => closeServer(server)});
  return `http://127.0.0.1:${port}/mcp`;
}

test('a server whose results are to be checked for minutes stops no call of the worker', async () => {
  const outputSchema = {type: 'object', properties: {word: {type: 'string', pattern: '^(a+)+$'}}};
  const found = {structuredContent: {word: `${'a'.repeat(31)}b`}, content: [{type: 'text', text: 'found'}]};
  const url = await rawServer([{name: 'find', inputSchema: {type: 'object'}, outputSchema}], found);
  const tool = await serversOf(mcp(url, {allowPrivate: true}));
  const began = performance.now();
  expect(await tool('find')?.run({}, job)).toEqual({kind: 'output', output: 'found'});
  // The check would take sixteen times as long as a second or more; what is slow here is only a busy machine.
  expect(performance.now() - began).toBeLessThan(10_000);
});

test('a worker that ends does not wait for a server that never answers', async () => {
  const asked = Promise.withResolvers<void>();
  const silent = createServer(() => asked.resolve());
  const port = await listen(silent, 0, 'PORT', '127.0.0.1');
  const server = new McpServer(mcp(`http://127.0.0.1:${port}`, {allowPrivate: true}), {
    secret: () => undefined,
    clock: systemClock,
    log: createLog('test', {level: 'silent'}),
  });
  const start = server.start();
  await asked.promise;
  await server[Symbol.asyncDispose]();
  await start;
  await closeServer(silent);
});

test('a tool that its server describes in a hundred thousand characters is not offered to the model, and the others are', async () => {
  const long = {name: 'long', description: 'x'.repeat(100_000), inputSchema: {type: 'object'}};
  const tool = await serversOf(
    mcp(await rawServer([long, {...long, name: 'short', description: ''}], {}), {allowPrivate: true}),
  );
  expect(tool('short')).toBeDefined();
  expect(tool('long')).toBeUndefined();
});
