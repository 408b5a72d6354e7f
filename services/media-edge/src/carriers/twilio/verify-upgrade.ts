import type {IncomingMessage} from 'node:http';
import {validateRequest} from 'twilio/lib/webhooks/webhooks.js';
import {Ticket} from '@voicebridge/shared/protocol/ids.ts';
import {isOurs} from '@voicebridge/shared/config/twilio-settings.ts';
import type {EdgeConfig} from '../../config.ts';
import type {Upgrade} from '../carrier.ts';

const PATH = /^\/media-stream(?:\/([0-9a-f]{32}))?\/?$/;

/**
 * Decides from the request alone whether a socket may be opened: no call and no Redis is touched before. Twilio signs the
 * address it was given, which is the public one, so neither the Host header nor any other part of the request decides
 * what is checked. `hasRoom`: this edge may hold one more call.
 */
export function verifyUpgrade(
  request: Pick<IncomingMessage, 'url' | 'headers'>,
  config: Pick<EdgeConfig, 'PUBLIC_EDGE_URL' | 'TWILIO_AUTH_TOKEN' | 'TWILIO_VALIDATE'>,
  hasRoom: boolean,
): Upgrade {
  const match = PATH.exec(pathWithin(config.PUBLIC_EDGE_URL, request.url ?? ''));
  if (!match) return {ok: false, status: 404, reason: 'path'};
  if (!ownOrigin(request) || !isOurs(request.headers, config)) return {ok: false, status: 403, reason: 'origin'};
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
  const address = `${config.PUBLIC_EDGE_URL}/media-stream/${ticket}`;
  return config.TWILIO_AUTH_TOKEN.some(token =>
    [address, `${address}/`].some(url => validateRequest(token, signature, url, {})),
  );
}

/** The path of a request without its query and without the path of the public address, which a proxy may have removed. */
function pathWithin(publicUrl: string, url: string): string {
  const path = url.split('?')[0] ?? '';
  const base = new URL(publicUrl).pathname.replace(/\/+$/, '');
  return base !== '' && path.startsWith(`${base}/`) ? path.slice(base.length) : path;
}

/**
 * Twilio sends no Origin header; some clients send our own. Any other origin is a web page in a browser that can reach
 * this edge.
 */
function ownOrigin(request: Pick<IncomingMessage, 'headers'>): boolean {
  const {origin, host} = request.headers;
  return origin === undefined || (host !== undefined && URL.parse(origin)?.host === host);
}
