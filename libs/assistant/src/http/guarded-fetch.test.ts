import {createServer, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';
import {afterEach, expect, test} from 'vitest';
import {guardedFetch} from './guarded-fetch.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  closers.push(() => server.close());
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const ask = guardedFetch({allowPrivate: true});

test('a status that does not exist is a refused request, and ends no process', async () => {
  const url = await serve((_request, response) => void response.writeHead(999).end('x'));
  await expect(ask(url)).rejects.toThrow('the server answered with the status 999');
});

test('the body of an answer that has none is not read, and an answer without end is cut', async () => {
  const closed = Promise.withResolvers<void>();
  const url = await serve((request, response) => {
    response.writeHead(request.url === '/none' ? 205 : 200);
    response.on('close', () => closed.resolve());
    const pour = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      response.once('drain', pour);
    };
    pour();
  });
  expect((await ask(`${url}/none`)).status).toBe(205);
  await closed.promise;
  await expect((await ask(url)).text()).rejects.toThrow('longer than 8388608 bytes');
});

test('megabytes of brackets are refused before they are parsed, because that would keep calls waiting for seconds', async () => {
  const url = await serve((request, response) => {
    response.writeHead(200, {'content-type': request.url === '/stream' ? 'text/event-stream' : 'application/json'});
    response.end(`data: ${'['.repeat(1_000_000)}`);
  });
  for (const path of ['/json', '/stream'])
    await expect((await ask(url + path)).text(), path).rejects.toThrow('too many or too deep');
});

test('brackets are counted until their event ends, on however many lines it comes', async () => {
  const url = await serve((_request, response) => {
    response.writeHead(200, {'content-type': 'text/event-stream'});
    response.end(`data: [${'data: [],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],\n'.repeat(1_400)}\n`);
  });
  await expect((await ask(url)).text()).rejects.toThrow('too many or too deep');
});

test('events of a stream come whole and in order, a hundred at once and then a hundred a second, however many are sent', async () => {
  const event = (n: number) => `id: ${n}\r\ndata: {"a":[${n}]}\r\n\r\n`;
  const sent = Array.from({length: 130}, (_, n) => event(n)).join('');
  const url = await serve((_request, response) => {
    response.writeHead(200, {'content-type': 'text/event-stream'});
    response.end(sent);
  });
  const began = performance.now();
  const pieces: string[] = [];
  for await (const piece of (await ask(url)).body ?? []) pieces.push(Buffer.from(piece).toString());
  expect(pieces.join('')).toBe(sent);
  expect(pieces.length).toBeGreaterThanOrEqual(130);
  // Thirty of them had to wait. Timers may be a little early.
  expect(performance.now() - began).toBeGreaterThan(200);
});

test('a server that ends each stream at once is asked for another five times, and then once a second', async () => {
  let asked = 0;
  const url = await serve((_request, response) => {
    asked += 1;
    response.writeHead(200, {'content-type': 'text/event-stream'}).end('retry: 0\n\n');
  });
  const fresh = guardedFetch({allowPrivate: true});
  const all = Promise.all(Array.from({length: 6}, async () => (await fresh(url)).text()));
  for (let post = 0; post < 5; post += 1) await (await fresh(url, {method: 'POST', body: ''})).text();
  expect(asked).toBe(10);
  await all;
  expect(asked).toBe(11);
});
