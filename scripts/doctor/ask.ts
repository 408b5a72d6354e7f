import {createHmac} from 'node:crypto';
import {once} from 'node:events';
import {request as overHttp, type IncomingMessage} from 'node:http';
import {request as overHttps} from 'node:https';
import type {Millis} from '@voicebridge/shared/time.ts';

/** Twilio gives up after 15 s; somebody who waits for a doctor does earlier. */
const WITHIN: Millis = 8_000;
/** No answer that we look at is longer, in characters. */
const BODY_AT_MOST = 1_000_000;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly took: Millis;
}

/** One request. Not by `fetch`, which refuses some ports. Rejects in words that name the host and no secret. */
export async function ask(
  address: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: {method?: string; headers?: Readonly<Record<string, string>>; body?: string} = {},
): Promise<Answer> {
  const url = new URL(address);
  const began = performance.now();
  const signal = AbortSignal.timeout(WITHIN);
  const options = {method, headers: {...headers, 'content-length': Buffer.byteLength(body)}, agent: false, signal};
  const asked = (url.protocol === 'https:' ? overHttps : overHttp)(url, options).end(body);
  try {
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    let said = '';
    for await (const chunk of response.setEncoding('utf8')) {
      said += String(chunk);
      if (said.length > BODY_AT_MOST) break;
    }
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: said,
      took: performance.now() - began,
    };
  } catch (thrown) {
    throw new Error(`${url.host} ${signal.aborted ? `does not answer within ${WITHIN / 1_000} s` : reasonOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/** `refuses the connection`, as the rest of a sentence about a host. */
export function reasonOf(thrown: unknown): string {
  const {code = '', message} = thrown as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'refuses the connection';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'is a name that nobody knows';
  if (code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'cannot be reached';
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'hangs up without an answer';
  if (code === 'CERT_HAS_EXPIRED') return 'has a certificate that has expired';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'has a certificate of another name';
  if (/SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/.test(code)) return 'has a certificate that nobody vouches for';
  if (/^(ERR_SSL|EPROTO)/.test(code)) return 'does not speak TLS there';
  return `fails: ${message}`;
}

/** What Twilio sends as `X-Twilio-Signature` with a form to this address. */
export function twilioSignature(token: string, url: string, form: Readonly<Record<string, string>> = {}): string {
  const parts = Object.keys(form)
    .toSorted()
    .map(name => `${name}${form[name]}`);
  return createHmac('sha1', token)
    .update([url, ...parts].join(''))
    .digest('base64');
}
