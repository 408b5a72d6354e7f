import {randomUUID} from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {getExpectedTwilioSignature} from 'twilio/lib/webhooks/webhooks.js';
import type {Method} from './stream-noun.ts';

export type Params = Readonly<Record<string, string>>;

export interface WebhookRequest {
  readonly url: string;
  readonly method: Method;
  readonly params: Params;
  /** Repeated deliveries of one request carry the same token. */
  readonly idempotencyToken?: string;
  readonly badSignature?: boolean;
}

/** An answer of any status, or the error code of Twilio that says why there was none. */
export type WebhookAnswer =
  | {
      readonly ok: true;
      readonly url: string;
      readonly status: number;
      readonly contentType: string;
      readonly body: string;
    }
  | {readonly ok: false; readonly url: string; readonly code: number; readonly detail: string};

/** The whole exchange, connecting included. */
const DEADLINE: Millis = 15_000;
const MAX_REDIRECTS = 10;

/** How Twilio asks a webhook: form-encoded, signed with the account's token, 15 seconds, and not a second more. */
export class WebhookClient implements AsyncDisposable {
  readonly #authToken: string;
  readonly #clock: Clock;
  readonly #plain = new http.Agent({keepAlive: true});
  readonly #secure = new https.Agent({keepAlive: true});

  constructor(authToken: string, clock: Clock) {
    this.#authToken = authToken;
    this.#clock = clock;
  }

  /** One retry if the connection itself fails, as Twilio's default; redirects are followed without the parameters. */
  async ask(request: WebhookRequest): Promise<WebhookAnswer> {
    const deadline = new AbortController();
    const cancel = this.#clock.after(DEADLINE, () => deadline.abort());
    const token = request.idempotencyToken ?? randomUUID();
    try {
      let {url, method, params} = {...request, url: withoutFragment(request.url)};
      for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
        const asked = {...request, url, method, params};
        let reply = await this.#send(asked, token, {signal: deadline.signal});
        // What died cut all connections that were kept: the retry has one of its own.
        if (!reply.ok && reply.retry) reply = await this.#send(asked, token, {signal: deadline.signal, isFresh: true});
        if (!reply.ok) return {ok: false, url, code: reply.code, detail: reply.detail};
        const {status, location, contentType, body} = reply;
        if (location === undefined || ![301, 302, 303, 307, 308].includes(status))
          return {ok: true, url, status, contentType, body};
        ({url, method, params} = {url: new URL(location, url).href, method: 'GET', params: {}});
      }
      return {ok: false, url, code: 11215, detail: 'too many redirects'};
    } finally {
      cancel();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#plain.destroy();
    this.#secure.destroy();
    return Promise.resolve();
  }

  #send(
    {url, method, params, badSignature}: WebhookRequest,
    token: string,
    {signal, isFresh = false}: {readonly signal: AbortSignal; readonly isFresh?: boolean},
  ): Promise<Reply> {
    const body = new URLSearchParams(params).toString();
    const target = method === 'POST' || body === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${body}`;
    const signed = getExpectedTwilioSignature(this.#authToken, target, method === 'POST' ? params : {});
    const headers: http.OutgoingHttpHeaders = {
      'User-Agent': 'TwilioProxy/1.1',
      Accept: '*/*',
      'X-Home-Region': 'us1',
      'X-Twilio-Signature': badSignature ? forged(signed) : signed,
      'I-Twilio-Idempotency-Token': token,
      ...(method === 'POST'
        ? {
            'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8',
            'Content-Length': Buffer.byteLength(body),
          }
        : {}),
    };
    const secure = target.startsWith('https:');
    return new Promise(resolve => {
      const fail = (error: NodeJS.ErrnoException) => resolve(failure(error, signal.aborted));
      if (!URL.canParse(target)) return resolve({ok: false, code: 11100, detail: `${target} is no URL`, retry: false});
      const agent = isFresh ? false : secure ? this.#secure : this.#plain;
      const request = (secure ? https : http).request(target, {method, headers, agent, signal}, response => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', fail);
        response.on('end', () =>
          resolve({
            ok: true,
            status: response.statusCode ?? 0,
            location: response.headers.location,
            contentType: response.headers['content-type'] ?? '',
            body: Buffer.concat(chunks).toString(),
          }),
        );
      });
      request.on('error', fail);
      request.end(method === 'POST' ? body : undefined);
      return undefined;
    });
  }
}

type Reply =
  | {ok: true; status: number; location: string | undefined; contentType: string; body: string}
  | {ok: false; code: number; detail: string; retry: boolean};

function failure(error: NodeJS.ErrnoException, late: boolean): Reply {
  const detail = late ? `no answer in ${DEADLINE} ms` : error.message || String(error.code);
  if (late) return {ok: false, code: 11205, detail, retry: false};
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') return {ok: false, code: 11210, detail, retry: false};
  if (error.code?.includes('CERT') || error.code?.includes('SSL') || error.code === 'EPROTO')
    return {ok: false, code: 11220, detail, retry: false};
  return {ok: false, code: 11205, detail, retry: true};
}

/** Connection overrides stand in the fragment; it is neither sent nor signed. */
function withoutFragment(url: string): string {
  return url.replace(/#.*$/, '');
}

function forged(signature: string): string {
  return (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
}
