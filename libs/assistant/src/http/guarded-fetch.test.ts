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
