import {once} from 'node:events';
import {createServer} from 'node:http';
import {connect, type Socket} from 'node:net';
import {lookFirst} from './first-look.ts';
import {closeServer, listen} from './http.ts';
import {expect, onTestFinished, test} from 'vitest';

/** A server behind a first look, and what reached it. */
async function server(look: Parameters<typeof lookFirst>[1]) {
  const reached: string[] = [];
  const http = createServer((request, response) => {
    reached.push(`${request.method} ${request.url}`);
    response.setHeader('connection', 'close').end('answered');
  });
  lookFirst(http, look);
  const port = await listen(http, 0);
  onTestFinished(() => closeServer(http));
  return {reached, open: () => opened(port)};
}

async function opened(port: number): Promise<Socket> {
  const socket = connect({port, host: '127.0.0.1', allowHalfOpen: true});
  socket.on('error', () => {});
  await once(socket, 'connect');
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** All that comes until the other side ends the connection. */
async function answerOf(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  socket.on('data', part => parts.push(part));
  await once(socket, 'end');
  return Buffer.concat(parts).toString();
}

test('a request that goes on reaches the HTTP server whole, however it was cut on its way', async () => {
  const {reached, open} = await server(() => 'goesOn');
  const text = 'POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody';
  for (const cut of [1, 10, text.length - 6, text.length - 2]) {
    const socket = await open();
    const answer = answerOf(socket);
    socket.setNoDelay(true).write(text.slice(0, cut));
    await new Promise(resolve => setImmediate(resolve));
    socket.write(text.slice(cut));
    expect(await answer).toContain('answered');
  }
  expect(reached).toEqual(Array.from({length: 4}, () => 'POST /livez'));
});

test('a request that is refused never reaches the HTTP server, and its connection is closed', async () => {
  const {reached, open} = await server(() => 403);
  const socket = await open();
  const answer = answerOf(socket);
  socket.write('GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(await answer).toMatch(/^HTTP\/1\.1 403 /);
  expect(reached).toEqual([]);
});

test.each([
  ['of another protocol', '\x16\x03\x01', /^HTTP\/1\.1 400 /],
  ['that is too long', `GET / HTTP/1.1\r\nx: ${'x'.repeat(9_000)}`, /^HTTP\/1\.1 431 /],
])('a head %s is refused before its end', async (_, text, expected) => {
  const {reached, open} = await server(() => 'goesOn');
  const socket = await open();
  const answer = answerOf(socket);
  socket.write(Buffer.from(text, 'latin1'));
  expect(await answer).toMatch(expected);
  expect(reached).toEqual([]);
});

test('whoever closes their side with half a head is let go', async () => {
  const {open} = await server(() => 'goesOn');
  const socket = await open();
  const answer = answerOf(socket);
  socket.end('GET / HTTP/1.1\r\n');
  expect(await answer).toBe('');
});
