import {connect} from 'node:net';
import {connect as connectTls} from 'node:tls';
import type {Millis} from '../time.ts';

/** How long to wait: a Redis that refuses a connection says why at once. */
const PATIENCE: Millis = 500;

/**
 * What a Redis sends to a new connection before any command: why it accepts none, such as its limit of connections, or
 * that it asks for a certificate. The client library reports only that the connection was closed. Undefined if it sends
 * nothing.
 */
export function unaskedWords(url: string): Promise<Error | undefined> {
  const at = URL.parse(url);
  if (!at) return Promise.resolve(undefined);
  const port = Number(at.port || 6379);
  const host = at.hostname.replace(/^\[|\]$/g, '');
  // Nothing is sent, so that a wrong server learns nothing from us.
  const socket =
    at.protocol === 'rediss:' ? connectTls({host, port, rejectUnauthorized: false}) : connect({host, port});
  return new Promise(resolve => {
    const done = (words?: string) => {
      socket.destroy();
      resolve(words?.startsWith('-') ? new Error(words.slice(1).trim()) : undefined);
    };
    socket.setTimeout(PATIENCE, () => done());
    socket.once('data', data => done(data.toString().slice(0, 200)));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const isAsked = /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/.test(error.code ?? '');
      done(isAsked ? '-it asks for a certificate: name ours with ssl_certfile and ssl_keyfile in the URL' : undefined);
    });
    socket.once('close', () => done());
  });
}
