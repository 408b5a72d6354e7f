import type {IncomingMessage} from 'node:http';
import {validateRequest} from 'twilio/lib/webhooks/webhooks.js';
import {Ticket} from '@voicebridge/shared/protocol/ids.ts';
import type {EdgeConfig} from '../../config.ts';

/** Whether a socket may be opened, decided from the request alone: no call and no Redis is touched before. */
export type Upgrade =
  | {readonly ok: true; readonly ticket: Ticket | undefined}
  | {readonly ok: false; readonly status: 403 | 404 | 503; readonly reason: 'path' | 'origin' | 'signature' | 'full'};

const PATH = /^\/media-stream(?:\/([0-9a-f]{32}))?\/?$/;

/**
 * Twilio signs the address it was told, which is the public one: neither the Host header nor any other part of the
 * request decides what is checked. `hasRoom`: whether this edge may hold one more call.
 */
export function verifyUpgrade(
  request: Pick<IncomingMessage, 'url' | 'headers'>,
  config: Pick<EdgeConfig, 'PUBLIC_EDGE_URL' | 'TWILIO_AUTH_TOKEN' | 'TWILIO_VALIDATE'>,
  hasRoom: boolean,
): Upgrade {
  const match = PATH.exec(pathWithin(config.PUBLIC_EDGE_URL, request.url ?? ''));
  if (!match) return {ok: false, status: 404, reason: 'path'};
  if (!ownOrigin(request)) return {ok: false, status: 403, reason: 'origin'};
  const ticket = Ticket.safeParse(match[1]).data;
  if (config.TWILIO_VALIDATE) {
    const header = request.headers['x-twilio-signature'];
    const signature = typeof header === 'string' ? header : '';
    if (ticket === undefined || !isSigned(ticket, signature, config)) {
      return {ok: false, status: 403, reason: 'signature'};
    }
  }
  return hasRoom ? {ok: true, ticket} : {ok: false, status: 503, reason: 'full'};
}

function isSigned(
  ticket: Ticket,
  signature: string,
  config: Pick<EdgeConfig, 'PUBLIC_EDGE_URL' | 'TWILIO_AUTH_TOKEN'>,
): boolean {
  if (signature === '') return false;
  const told = `${config.PUBLIC_EDGE_URL}/media-stream/${ticket}`;
  return config.TWILIO_AUTH_TOKEN.some(token =>
    [told, `${told}/`].some(address => validateRequest(token, signature, address, {})),
  );
}

/** The path of a request below that of the public address, which a proxy may or may not have cut off; no query. */
function pathWithin(publicUrl: string, url: string): string {
  const path = url.split('?')[0] ?? '';
  const base = new URL(publicUrl).pathname.replace(/\/+$/, '');
  return base !== '' && path.startsWith(`${base}/`) ? path.slice(base.length) : path;
}

/** Twilio sends no Origin; some clients send our own. Any other is a web page that uses its visitor's network. */
function ownOrigin(request: Pick<IncomingMessage, 'headers'>): boolean {
  const {origin, host} = request.headers;
  return origin === undefined || (host !== undefined && URL.parse(origin)?.host === host);
}
