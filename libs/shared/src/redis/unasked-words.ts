import {connect} from 'node:net';
import {connect as connectTls} from 'node:tls';
import type {Millis} from '../time.ts';

/** A Redis that refuses a connection says why at once. */
const PATIENCE: Millis = 500;

/**
 * What a Redis says to a new connection before it was asked anything: why it lets nobody in, such as its limit of
 * connections. The client library only tells that the connection was closed. Undefined where it says nothing.
 */
export function unaskedWords(url: string): Promise<Error | undefined> {
  const at = URL.parse(url);
  if (!at) return Promise.resolve(undefined);
  const port = Number(at.port || 6379);
  const host = at.hostname.replace(/^\[|\]$/g, '');
  // Nothing is sent, so whoever answers learns nothing: what may be wrong is what it says.
  const socket =
    at.protocol === 'rediss:' ? connectTls({host, port, rejectUnauthorized: false}) : connect({host, port});
  return new Promise(resolve => {
    const done = (words?: string) => {
      socket.destroy();
      resolve(words?.startsWith('-') ? new Error(words.slice(1).trim()) : undefined);
    };
    socket.setTimeout(PATIENCE, () => done());
    socket.once('data', data => done(data.toString().slice(0, 200)));
    socket.once('error', () => done());
    socket.once('close', () => done());
  });
}
