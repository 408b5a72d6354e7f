import {request as requestPlain, type IncomingMessage} from 'node:http';
import {request as requestTls} from 'node:https';
import {Readable} from 'node:stream';
import {setTimeout as sleep} from 'node:timers/promises';
import {paced} from './paced-answer.ts';
import {lookupPublic, refuseLiteral, RequestRefused} from './send-request.ts';

const WITHOUT_BODY = new Set([204, 205, 304]);

/** Streams that a server may have opened again at once; then one a second, whatever it asks for. */
const STREAMS_AT_ONCE = 5;
const MS_PER_STREAM = 1_000;

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * `fetch` by the rule for addresses of `sendRequest`: the address that was checked is the one that is asked. It follows no
 * redirects.
 */
export function guardedFetch({allowPrivate}: {readonly allowPrivate: boolean}): Fetch {
  let [ready, last] = [STREAMS_AT_ONCE, performance.now()];
  /** A server that ends each stream and says `retry: 0` would be asked some hundred times a second. */
  const turn = async (signal: AbortSignal | undefined) => {
    const now = performance.now();
    ready = Math.min(STREAMS_AT_ONCE, ready + (now - last) / MS_PER_STREAM) - 1;
    last = now;
    if (ready < 0) await sleep(-ready * MS_PER_STREAM, undefined, signal && {signal});
  };
  return async (address, init = {}) => {
    const url = new URL(address);
    if (!allowPrivate) refuseLiteral(url);
    if ((init.method ?? 'GET') === 'GET') await turn(init.signal ?? undefined);
    const send = url.protocol === 'https:' ? requestTls : requestPlain;
    const options = {
      method: init.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init.headers)),
      ...(init.signal ? {signal: init.signal} : {}),
      ...(allowPrivate ? {} : {lookup: lookupPublic}),
    };
    return await new Promise((resolve, reject) => {
      const outgoing = send(url, options, incoming => {
        try {
          resolve(responseOf(incoming));
        } catch (thrown) {
          // Whatever a server answers, an exception here would end the whole process.
          incoming.destroy();
          reject(thrown);
        }
      });
      outgoing.on('error', reject);
      outgoing.end(typeof init.body === 'string' ? init.body : undefined);
    });
  };
}

function responseOf(incoming: IncomingMessage): Response {
  const {statusCode: status = 500} = incoming;
  // `Response` knows no others; Node's parser takes any three digits.
  if (status < 200 || status > 599) throw new RequestRefused(`the server answered with the status ${status}`);
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) if (value) headers.set(name, String(value));
  if (WITHOUT_BODY.has(status)) {
    // Whatever comes is not wanted, and may have no end.
    incoming.destroy();
    return new Response(null, {status, headers});
  }
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  return new Response(ReadableStream.from(Readable.from(paced(incoming, {isStream}))), {status, headers});
}
