import {once} from 'node:events';
import {connect} from 'node:net';
import {createServer, request as httpRequest, type IncomingMessage, type Server} from 'node:http';
import type {Duplex} from 'node:stream';
import {text} from 'node:stream/consumers';
import {afterEach, describe, expect, test} from 'vitest';
import {portOf} from '@voicebridge/shared/service/http.ts';
import {openFrontDoor} from './front-door.ts';

let closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  closing = [];
});

/** Listens on the first of the given ports that is free; without any, on one that the system chooses. */
async function listening(server: Server, [port = 0, ...others]: readonly number[] = []): Promise<number> {
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (thrown) {
    if (others.length === 0) throw thrown;
    return listening(server, others);
  }
  closing.push(() => server.close());
  closing.push(() => server.closeAllConnections());
  return portOf(server);
}

/** An edge that sends its name and echoes what it gets. */
async function edge(name: string, {ready = true, ports = [0]} = {}) {
  const requests: IncomingMessage[] = [];
  const server = createServer((_, response) => response.writeHead(ready ? 200 : 503).end());
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    requests.push(request);
    socket.on('error', () => {});
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nEdge: ${name}\r\n\r\n`,
    );
    socket.write(head);
    socket.pipe(socket);
  });
  return {port: await listening(server, ports), requests};
}

async function door(edgePorts: readonly number[], webhookPort = 9) {
  const opened = await openFrontDoor({port: 0, host: '127.0.0.1', webhookPort, edgePorts});
  closing.push(() => opened[Symbol.asyncDispose]());
  return opened;
}

/** A caller's socket, and the name of the edge that took it. */
async function call(port: number, path = '/media-stream/0123') {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'X-Twilio-Signature': 'signed',
    host: 'voice.example.com',
  };
  const request = httpRequest({host: '127.0.0.1', port, path, headers, agent: false});
  request.end();
  const [answer, socket] = (await Promise.race([
    once(request, 'upgrade'),
    once(request, 'response').then(([response]) => [response]),
  ])) as [IncomingMessage, Duplex | undefined];
  closing.push(() => socket?.destroy());
  return {status: answer.statusCode, edge: answer.headers['edge'], socket: socket!};
}

describe('Twilio, through one tunnel', () => {
  test('reaches the webhook with the request as it signed it', async () => {
    const seen: {headers: IncomingMessage['headers']; url: string | undefined; body: string}[] = [];
    const webhook = await listening(
      createServer((request, response) => {
        void text(request).then(body => {
          seen.push({headers: request.headers, url: request.url, body});
          response.writeHead(200, {'content-type': 'text/xml'}).end('<Response/>');
        });
      }),
    );
    const {port} = await door([], webhook);
    const response = await fetch(`http://127.0.0.1:${port}/incoming-call?a=1`, {
      method: 'POST',
      headers: {'x-twilio-signature': 'signed'},
      body: new URLSearchParams({CallSid: 'CA1'}),
    });
    expect(response.headers.get('content-type')).toBe('text/xml');
    expect(await response.text()).toBe('<Response/>');
    expect(seen).toEqual([
      {
        headers: expect.objectContaining({'x-twilio-signature': 'signed'}),
        url: '/incoming-call?a=1',
        body: 'CallSid=CA1',
      },
    ]);
  });

  test('reaches an edge with the socket as it signed it, and every byte comes and goes', async () => {
    const one = await edge('one');
    const {port} = await door([one.port]);
    const {socket} = await call(port, '/media-stream/4711');
    socket.write('hello');
    expect(String((await once(socket, 'data'))[0])).toBe('hello');
    expect(one.requests[0]?.url).toBe('/media-stream/4711');
    expect(one.requests[0]?.headers).toMatchObject({host: 'voice.example.com', 'x-twilio-signature': 'signed'});
  });

  test('has its calls spread over the edges', async () => {
    const {port} = await door([(await edge('one')).port, (await edge('two')).port]);
    const edges = [await call(port), await call(port), await call(port), await call(port)].map(({edge: name}) => name);
    expect(edges.filter(name => name === 'one')).toHaveLength(2);
    expect(edges.filter(name => name === 'two')).toHaveLength(2);
  });

  test('is sent to the edge that became free', async () => {
    const {port} = await door([(await edge('one')).port, (await edge('two')).port]);
    const first = await call(port);
    const second = await call(port);
    second.socket.destroy();
    await expect.poll(async () => (await call(port)).edge).toBe(second.edge);
    expect(first.edge).not.toBe(second.edge);
  });

  test('is never connected to an edge that drains or is gone', async () => {
    const {port} = await door([1, (await edge('draining', {ready: false})).port, (await edge('ready')).port]);
    expect((await call(port)).edge).toBe('ready');
  });

  test('reaches an edge on a port that fetch refuses', async () => {
    const {port} = await door([(await edge('on a blocked port', {ports: [1719, 1720, 1723, 2049, 3659]})).port]);
    expect((await call(port)).edge).toBe('on a blocked port');
  });

  test('gets an error status when there is no edge, and when there is no webhook', async () => {
    const {port} = await door([1]);
    expect((await call(port)).status).toBe(503);
    expect((await fetch(`http://127.0.0.1:${port}/incoming-call`)).status).toBe(502);
  });
});

test('a stranger who asks for anything but a stream gets no further than the door, and leaves nothing behind', async () => {
  const one = await edge('one');
  const {port} = await door([one.port]);
  const socket = connect({port, host: '127.0.0.1', allowHalfOpen: true})
    .on('error', () => {})
    .resume();
  closing.push(() => socket.destroy());
  socket.write('GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  await once(socket, 'end');
  await expect
    .poll(() => {
      if (!socket.destroyed) socket.write('more');
      return socket.destroyed;
    })
    .toBe(true);
  expect(one.requests).toEqual([]);
});

test('a stranger does not read the metrics of the webhook through the door; the operator on this machine does', async () => {
  const webhook = await listening(createServer((request, response) => response.end(`${request.url} of the webhook`)));
  const {port} = await door([], webhook);
  const ask = async (headers: Record<string, string>) =>
    (await fetch(`http://127.0.0.1:${port}/metrics`, {headers})).status;
  expect(await ask({'x-forwarded-for': '203.0.113.7'})).toBe(404);
  expect(await ask({})).toBe(200);
});

test('a stranger who leaves before the answer takes nobody along', async () => {
  const asked = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const webhook = await listening(
    createServer((request, response) => {
      if (request.url !== '/slow') return response.end('answered');
      asked.resolve();
      return void left.promise.then(() => response.end('too late'));
    }),
  );
  const {port} = await door([], webhook);
  const stranger = connect(port, '127.0.0.1').on('error', () => {});
  stranger.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await asked.promise;
  stranger.destroy();
  await once(stranger, 'close');
  left.resolve();
  const mixed = connect(port, '127.0.0.1').on('error', () => {});
  const upgrade = 'GET /media-stream/x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  mixed.write(`GET /one HTTP/1.1\r\nHost: x\r\n\r\nGET /two HTTP/1.1\r\nHost: x\r\n\r\n${upgrade}`);
  mixed.resume();
  await once(mixed, 'close');
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('answered');
});
