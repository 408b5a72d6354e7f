import {randomUUID} from 'node:crypto';
import {createServer} from 'node:http';
import {fileURLToPath} from 'node:url';
import {McpServer} from '@modelcontextprotocol/sdk/server/mcp.js';
import {StdioServerTransport} from '@modelcontextprotocol/sdk/server/stdio.js';
import {StreamableHTTPServerTransport} from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import {z} from 'zod';

/** A server of the SDK with three tools: one that is read-only, one that is not, and one that never answers. */
function testServer(): McpServer {
  const server = new McpServer({name: 'orders', version: '1.0.0'});
  const find = {description: 'Finds an order.', inputSchema: {order: z.string()}, annotations: {readOnlyHint: true}};
  server.registerTool('find', find, async ({order}) =>
    order === 'none'
      ? {content: [{type: 'text', text: 'There is no such order.'}], isError: true}
      : {content: [{type: 'text', text: `Order ${order} was sent.`}]},
  );
  server.registerTool('cancel.order', {description: 'Cancels one.', inputSchema: {order: z.string()}}, async () => ({
    content: [{type: 'text', text: process.env['CRM_TOKEN'] ?? 'cancelled'}],
  }));
  server.registerTool('hang', {description: 'Never answers.'}, () => new Promise(() => {}));
  return server;
}

/** The same over HTTP, on a free port or on this one. `headers`: of the requests that came. */
export async function startHttpServer(at = 0) {
  const headers: (string | undefined)[] = [];
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const server = createServer((request, response) => {
    headers.push(request.headers.authorization);
    const known = sessions.get(String(request.headers['mcp-session-id']));
    const transport =
      known ??
      new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: id => void sessions.set(id, transport),
      });
    const ready = known ? Promise.resolve() : testServer().connect(transport);
    void ready.then(() => transport.handleRequest(request, response));
  });
  await new Promise<void>(resolve => server.listen(at, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    port,
    headers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

export const THIS_FILE = fileURLToPath(import.meta.url);
if (process.argv[1] === THIS_FILE) await testServer().connect(new StdioServerTransport());
