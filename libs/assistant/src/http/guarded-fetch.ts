import {request as requestPlain, type IncomingMessage} from 'node:http';
import {request as requestTls} from 'node:https';
import {Readable} from 'node:stream';
import {lookupPublic, refuseLiteral, RequestRefused} from './send-request.ts';

/** An answer, or one stream of events, that is longer is cut, in bytes. */
const BYTES_AT_MOST = 8_388_608;
const WITHOUT_BODY = new Set([204, 205, 304]);

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * `fetch` by the rule for addresses of `sendRequest`: the address that was checked is the one that is asked. It follows no
 * redirects.
 */
export function guardedFetch({allowPrivate}: {readonly allowPrivate: boolean}): Fetch {
  return async (address, init = {}) => {
    const url = new URL(address);
    if (!allowPrivate) refuseLiteral(url);
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
  return new Response(ReadableStream.from(Readable.from(bounded(incoming))), {status, headers});
}

async function* bounded(incoming: IncomingMessage): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const part of incoming) {
    if (!Buffer.isBuffer(part)) continue;
    bytes += part.length;
    if (bytes > BYTES_AT_MOST) throw new RequestRefused(`the answer is longer than ${BYTES_AT_MOST} bytes`);
    yield part;
  }
}
