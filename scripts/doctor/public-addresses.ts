import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import type {IncomingMessage} from 'node:http';
import {isIP} from 'node:net';
import {connect} from 'node:tls';
import {isLoopback} from '@voicebridge/shared/config/addresses.ts';
import {messageOf} from '@voicebridge/shared/errors.ts';
import {Ticket} from '@voicebridge/shared/protocol/ids.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {WebSocket} from 'ws';
import {ask, reasonOf, twilioSignature, type Answer} from './ask.ts';
import {broken, fine, skipped, warning, type Finding} from './finding.ts';
import type {DoctorSettings} from './settings.ts';
import type {LetIn} from './trial-ticket.ts';

/** What an edge answers to a signed handshake whose ticket it does not find. */
const NO_TICKET = 410;
const WITHIN: Millis = 8_000;
/** Callers hear nothing meanwhile; Twilio gives up after 15 s. */
const SLOW: Millis = 2_000;
const DAY: Millis = 86_400_000;
/** A certificate that is renewed by itself is so a month before it expires. */
const EXPIRES_SOON = 14;

type Addresses = Pick<DoctorSettings, 'webhookUrl' | 'edgeUrl' | 'tokens'>;

const NO_ADDRESS = skipped(
  'no public address: npm start -- --tunnel opens a tunnel, or set PUBLIC_WEBHOOK_URL to the address of yours',
);
const NOTHING_THERE = 'Start the system (npm start) and open the tunnel, or correct the address.';

/**
 * Asks the webhook at its public address as Twilio does: a signed report about a stream, which starts no call and changes
 * nothing. Only an answer of ours proves that tunnel, address and token fit together.
 */
export async function checkWebhook({webhookUrl, tokens}: Addresses): Promise<Finding[]> {
  if (webhookUrl === undefined) return [NO_ADDRESS];
  const url = `${webhookUrl}/stream-status`;
  const form = {StreamEvent: 'doctor'};
  const body = new URLSearchParams(form).toString();
  const type = {'content-type': 'application/x-www-form-urlencoded'};
  const [token] = tokens;
  const signature = token === undefined ? {} : {'x-twilio-signature': twilioSignature(token, url, form)};
  let answer: Answer;
  try {
    answer = await ask(url, {method: 'POST', headers: {...type, ...signature}, body});
  } catch (thrown) {
    return [broken(`PUBLIC_WEBHOOK_URL: ${messageOf(thrown)}`, NOTHING_THERE)];
  }
  if (answer.status !== 204) return [webhookRefusal(answer, token !== undefined)];
  const told = `${new URL(url).host} is our webhook and takes Twilio's signature (${ms(answer.took)})`;
  const slow = warning(
    `the webhook answers after ${ms(answer.took)}`,
    'Put it nearer to Twilio (us-east by default), or use a faster tunnel.',
  );
  const open = (await ask(url, {method: 'POST', headers: type, body})).status === 204;
  return [open ? anybody(webhookUrl) : fine(told), ...(answer.took > SLOW ? [slow] : [])];
}

function anybody(url: string): Finding {
  const cure = 'Set TWILIO_AUTH_TOKEN and leave TWILIO_VALIDATE out: unsigned callers can spend your OpenAI credit.';
  if (isLoopback(new URL(url).hostname)) return fine('is our webhook; it takes unsigned requests, on loopback only');
  return broken('the webhook takes requests that Twilio did not sign', cure);
}

function webhookRefusal({status, body, headers}: Answer, isSigned: boolean): Finding {
  if (status === 403 && body.includes('not signed by Twilio'))
    return isSigned
      ? broken(
          'the webhook refuses our signature',
          'It runs with another TWILIO_AUTH_TOKEN or another PUBLIC_WEBHOOK_URL than set here: restart it with these, to the letter.',
        )
      : broken('the webhook asks for a signature, and no token is set here', 'Set TWILIO_AUTH_TOKEN.');
  const tunnel = headers['ngrok-error-code'] ?? (status === 502 || status === 530 ? status : undefined);
  if (tunnel !== undefined)
    return broken(
      `the tunnel is open, and nothing is behind it (${String(tunnel)})`,
      'Start the system, and let the tunnel lead to its port (5050).',
    );
  return broken(`PUBLIC_WEBHOOK_URL answers ${status}, as our webhook does not`, NOTHING_THERE);
}

/**
 * Opens a WebSocket at the edge's public address as Twilio does, and closes it before a call begins. Where no ticket can be
 * let in, it only sees whether the signature is taken.
 */
export async function checkEdge({edgeUrl, tokens}: Addresses, letIn: LetIn): Promise<Finding[]> {
  if (edgeUrl === undefined) return [NO_ADDRESS];
  const ticket = Ticket.parse(randomBytes(16).toString('hex'));
  const isIn = await letIn(ticket);
  const url = `${edgeUrl}/media-stream/${ticket}`;
  const {host} = new URL(url);
  const began = performance.now();
  const [token] = tokens;
  const headers = token === undefined ? {} : {'x-twilio-signature': twilioSignature(token, url)};
  const socket = new WebSocket(url, {headers, handshakeTimeout: WITHIN, perMessageDeflate: false});
  const outcome = Promise.withResolvers<Finding>();
  socket.once('open', () => {
    const took = performance.now() - began;
    outcome.resolve(fine(`${host} opens Twilio's WebSocket (${ms(took)})`));
  });
  socket.once('unexpected-response', (_request, response: IncomingMessage) => {
    response.destroy();
    const took = ms(performance.now() - began);
    if (response.statusCode === NO_TICKET && !isIn)
      return outcome.resolve(fine(`${host} is our edge and takes Twilio's signature (${took})`));
    outcome.resolve(edgeRefusal(response.statusCode ?? 0));
  });
  socket.on('error', thrown => outcome.resolve(broken(`PUBLIC_EDGE_URL: ${host} ${reasonOf(thrown)}`, NOTHING_THERE)));
  try {
    return [await outcome.promise];
  } finally {
    socket.terminate();
  }
}

function edgeRefusal(status: number): Finding {
  if (status === NO_TICKET)
    return broken(
      'the edge does not find the ticket that we left for it',
      'It has another Redis than REDIS_URL names here; webhook, edges and workers need the same.',
    );
  if (status === 403)
    return broken(
      'the edge refuses our signature',
      'It runs with another TWILIO_AUTH_TOKEN or another PUBLIC_EDGE_URL than set here: restart it with these, to the letter.',
    );
  if (status === 503) return warning('the edge is full, or there is none', 'Start another edge, or raise MAX_CALLS.');
  if (status === 426 || status === 200 || status === 400)
    return broken(
      `PUBLIC_EDGE_URL answers ${status} to a WebSocket`,
      'The proxy or tunnel in front of it must pass WebSockets on.',
    );
  return broken(`PUBLIC_EDGE_URL answers ${status}, as our edge does not`, NOTHING_THERE);
}

/** The certificates of the public addresses, as anybody on the internet is shown them. */
export async function checkCertificates(
  {webhookUrl, edgeUrl}: Addresses,
  /** Unix time, in milliseconds. */
  now: number,
  /** Authorities to trust instead of the public ones. */
  trust: {readonly ca?: string} = {},
): Promise<Finding[]> {
  const hosts = [webhookUrl, edgeUrl].flatMap(url => {
    const parsed = URL.parse(url ?? '');
    return parsed !== null && /^(https|wss):$/.test(parsed.protocol) ? [parsed.host] : [];
  });
  if (hosts.length === 0) return [skipped('no https:// or wss:// address')];
  return await Promise.all([...new Set(hosts)].map(host => certificateOf(host, now, trust)));
}

async function certificateOf(host: string, now: number, trust: {readonly ca?: string}): Promise<Finding> {
  const {hostname, port} = new URL(`https://${host}`);
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  const name = isIP(bare) === 0 ? {servername: bare} : {};
  const socket = connect({host: bare, port: Number(port || 443), ...name, ...trust, timeout: WITHIN});
  socket.once('timeout', () => socket.destroy(new Error('no answer')));
  try {
    await once(socket, 'secureConnect');
    const days = Math.floor((Date.parse(socket.getPeerCertificate().valid_to) - now) / DAY);
    const told = `${host}: valid for ${days} more days`;
    return days < EXPIRES_SOON
      ? warning(told, 'Renew it; if it should renew itself, that has failed (port 80 blocked, DNS changed?).')
      : fine(told);
  } catch (thrown) {
    return broken(
      `${host} ${reasonOf(thrown)}`,
      'Twilio calls nobody whose certificate is not valid: install one, with its chain.',
    );
  } finally {
    socket.destroy();
  }
}

function ms(took: Millis): string {
  return `${Math.round(took)} ms`;
}
