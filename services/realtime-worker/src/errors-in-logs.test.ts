import {once} from 'node:events';
import {createServer} from 'node:http';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {closeServer, listen} from '@voicebridge/shared/service/http.ts';
import {expect, test} from 'vitest';
import {WebSocket} from 'ws';

const SECRET = 'canary-of-a-key';

async function lineOf(socket: WebSocket): Promise<string> {
  const [err] = (await once(socket, 'error')) as [unknown];
  const lines: string[] = [];
  createLog('test', {to: {write: line => void lines.push(line)}}).error({err}, 'the model is lost');
  return lines.join('');
}

test('a log line about a socket to the model holds neither the key nor what the server said', async () => {
  await using stack = new AsyncDisposableStack();
  const server = createServer((_, response) => response.writeHead(403, {'x-said': SECRET}).end(SECRET));
  stack.defer(() => closeServer(server));
  server.on('upgrade', (_, socket) => socket.end(`HTTP/1.1 403 ${SECRET}\r\nx-said: ${SECRET}\r\n\r\n`));
  const port = await listen(server, 0);
  const open = (to: number) => new WebSocket(`ws://me:${SECRET}@localhost:${to}`, {headers: {authorization: SECRET}});
  const refused = await lineOf(open(port));
  expect(refused).toContain('Unexpected server response: 403');
  // Nothing listens there, at none of the addresses of localhost: several errors in one.
  const unreachable = await lineOf(open(1));
  expect(unreachable).toContain('ECONNREFUSED');
  for (const line of [refused, unreachable]) expect(line).not.toContain('canary');
});
