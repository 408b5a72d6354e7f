import {randomUUID} from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {getExpectedTwilioSignature} from 'twilio/lib/webhooks/webhooks.js';
import {type ConnectionOverrides, type Failure, readOverrides} from './connection-overrides.ts';
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

  /** Asks again as the address says, by default once if it cannot connect; redirects are followed without the parameters. */
  async ask(request: WebhookRequest): Promise<WebhookAnswer> {
    const overrides = readOverrides(request.url);
    if (overrides.problem) return {ok: false, url: overrides.url, ...overrides.problem};
    const deadline = new AbortController();
    const cancel = this.#clock.after(overrides.within, () => deadline.abort());
    const token = request.idempotencyToken ?? randomUUID();
    try {
      let {url, method, params} = {...request, url: overrides.url};
      for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
        const reply = await this.#insist({...request, url, method, params}, token, overrides, deadline.signal);
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

  /** Asks until there is an answer, nothing that the address names has failed, or it has been asked often enough. */
  async #insist(
    asked: WebhookRequest,
    token: string,
    {retries, retriesAfter, answerWithin, connectWithin}: ConnectionOverrides,
    total: AbortSignal,
  ): Promise<Reply> {
    for (let attempt = 0; ; attempt += 1) {
      const late = new AbortController();
      const signal = AbortSignal.any([total, late.signal]);
      const cancel = this.#clock.after(answerWithin, () => late.abort());
      // What died cut all connections that were kept: whoever asks again has one of their own.
      const sent = this.#send(asked, token, {signal, connectWithin, isFresh: attempt > 0});
      const reply = await sent.finally(cancel);
      const failure = failureOf(reply);
      if (failure === undefined || total.aborted || attempt >= retries || !retriesAfter(failure)) return reply;
    }
  }

  #send(
    {url, method, params, badSignature}: WebhookRequest,
    token: string,
    {
      signal,
      connectWithin,
      isFresh,
    }: {
      readonly signal: AbortSignal;
      readonly connectWithin: Millis;
      readonly isFresh: boolean;
    },
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
      let isConnected = false;
      const fail = (error: NodeJS.ErrnoException) =>
        resolve(problemOf(error, signal.aborted ? 'rt' : isConnected && !request.reusedSocket ? 'cut' : 'ct'));
      if (!URL.canParse(target)) return resolve({ok: false, code: 11100, detail: `${target} is no URL`});
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
      request.on('socket', socket => {
        if (!socket.connecting) return;
        const cancel = this.#clock.after(connectWithin, () =>
          request.destroy(new Error(`no connection in ${connectWithin} ms`)),
        );
        socket.once('close', cancel);
        socket.once(secure ? 'secureConnect' : 'connect', () => {
          isConnected = true;
          cancel();
        });
      });
      request.end(method === 'POST' ? body : undefined);
      return undefined;
    });
  }
}

type Reply =
  | {ok: true; status: number; location: string | undefined; contentType: string; body: string}
  | {ok: false; code: number; detail: string; failed?: Failure};

function problemOf(error: NodeJS.ErrnoException, failed: Failure): Reply {
  const detail = failed === 'rt' ? 'no answer in time' : error.message || String(error.code);
  if (failed === 'rt') return {ok: false, code: 11205, detail, failed};
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') return {ok: false, code: 11210, detail};
  if (error.code?.includes('CERT') || error.code?.includes('SSL') || error.code === 'EPROTO')
    return {ok: false, code: 11220, detail};
  return {ok: false, code: 11205, detail, failed};
}

function failureOf(reply: Reply): Failure | undefined {
  if (!reply.ok) return reply.failed;
  if (reply.status >= 500) return '5xx';
  return reply.status >= 400 ? '4xx' : undefined;
}

function forged(signature: string): string {
  return (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
}
