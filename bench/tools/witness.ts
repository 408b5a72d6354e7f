import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';

/** What the server has seen of one call of a tool. */
export interface Seen {
  readonly method: string;
  requests: number;
}

/** A server that counts what it is asked, by idempotency key, and takes its time to answer. */
export interface Witness extends AsyncDisposable {
  readonly url: string;
  readonly seen: ReadonlyMap<string, Seen>;
}

/** `delay`: how long the next answer takes, in milliseconds. */
export async function openWitness(delay: () => number): Promise<Witness> {
  const seen = new Map<string, Seen>();
  const server = createServer((request, response) => {
    const key = String(request.headers['idempotency-key']);
    const known = seen.get(key) ?? {method: request.method ?? '', requests: 0};
    known.requests += 1;
    seen.set(key, known);
    request.resume();
    setTimeout(() => response.writeHead(200, {'content-type': 'application/json'}).end(JSON.stringify({key})), delay());
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
