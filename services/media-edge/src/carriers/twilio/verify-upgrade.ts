import {timingSafeEqual} from 'node:crypto';
import {getExpectedTwilioSignature} from 'twilio/lib/webhooks/webhooks.js';
import {Ticket} from '@voicebridge/shared/protocol/ids.ts';
import {isOurs} from '@voicebridge/shared/config/twilio-settings.ts';
import {spellingsOf} from '@voicebridge/shared/config/spellings.ts';
import {pathOf} from '@voicebridge/shared/service/http.ts';
import type {RequestHead} from '@voicebridge/shared/service/request-head.ts';
import type {EdgeConfig} from '../../config.ts';
import type {Upgrade} from '../carrier.ts';

const PATH = /^\/media-stream(?:\/([0-9a-f]{32}))?\/?$/;

/** A signature of Twilio's: 20 bytes as base64. */
const SIGNATURE = /^[A-Za-z0-9+/]{27}=$/;

type Config = Pick<EdgeConfig, 'PUBLIC_EDGE_URL' | 'TWILIO_AUTH_TOKEN' | 'TWILIO_VALIDATE'>;

/**
 * Decides from a request alone whether a socket may be opened, cheapest check first: no call and no Redis is touched
 * before. Twilio signs the address it was given, which is the public one, so neither the Host header nor any other part of
 * the request decides what is checked. `hasRoom`: this edge may hold one more call.
 */
export function upgradeVerifier(config: Config): (request: RequestHead, hasRoom: boolean) => Upgrade {
  const {PUBLIC_EDGE_URL: publicUrl, TWILIO_AUTH_TOKEN: tokens, TWILIO_VALIDATE: validate} = config;
  const base = new URL(publicUrl).pathname.replace(/\/+$/, '');
  const addresses = spellingsOf(publicUrl);

  /** The path without that of the public address, which a proxy may have removed. */
  const within = (path: string) => (base !== '' && path.startsWith(`${base}/`) ? path.slice(base.length) : path);

  const isSigned = (ticket: string, header: unknown) => {
    if (typeof header !== 'string' || !SIGNATURE.test(header)) return false;
    const given = Buffer.from(header);
    // With a slash at the end as well: Twilio has added one.
    for (const token of tokens)
      for (const address of addresses)
        for (const end of ['', '/']) {
          const url = `${address}/media-stream/${ticket}${end}`;
          if (timingSafeEqual(given, Buffer.from(getExpectedTwilioSignature(token, url, {})))) return true;
        }
    return false;
  };

  return (request, hasRoom) => {
    const match = PATH.exec(within(pathOf(request)));
    if (!match) return {ok: false, status: 404, reason: 'path'};
    if (!ownOrigin(request) || !isOurs(request.headers, config)) return {ok: false, status: 403, reason: 'origin'};
    const [, ticket] = match;
    if (validate && (ticket === undefined || !isSigned(ticket, request.headers['x-twilio-signature'])))
      return {ok: false, status: 403, reason: 'signature'};
    return hasRoom ? {ok: true, ticket: Ticket.optional().parse(ticket)} : {ok: false, status: 503, reason: 'full'};
  };
}

/**
 * Twilio sends no Origin header; some clients send our own. Any other origin is a web page in a browser that can reach
 * this edge.
 */
function ownOrigin(request: RequestHead): boolean {
  const {origin, host} = request.headers;
  return origin === undefined || (host !== undefined && URL.parse(String(origin))?.host === host);
}
