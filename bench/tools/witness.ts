import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {Millis} from '@voicebridge/shared/time.ts';

/** One request, from its arrival to its answer, or to now; on this process's monotonic clock. */
export interface Span {
  readonly from: Millis;
  to: Millis | undefined;
}

/** What the server has seen of one call of a tool. */
export interface Seen {
  readonly callSid: string;
  readonly method: string;
  /** One for each time it was asked. */
  readonly spans: Span[];
}

/** A server that counts what it is asked, by idempotency key, and takes its time to answer. */
export interface Witness extends AsyncDisposable {
  readonly url: string;
  /** By the id of the tool call. */
  readonly seen: ReadonlyMap<string, Seen>;
}

/** `delay`: how long the next answer takes, in milliseconds. */
export async function openWitness(delay: () => number): Promise<Witness> {
  const seen = new Map<string, Seen>();
  const server = createServer((request, response) => {
    const key = String(request.headers['idempotency-key']);
    const [callSid = '', callId = key] = key.split(':');
    const known = seen.get(callId) ?? {callSid, method: request.method ?? '', spans: []};
    const span: Span = {from: performance.now(), to: undefined};
    known.spans.push(span);
    seen.set(callId, known);
    request.resume();
    // Whoever asked may be dead by then: that, too, is the end of the request.
    response.on('close', () => (span.to ??= performance.now()));
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
