import {timingSafeEqual} from 'node:crypto';
import http from 'node:http';
import type {Next} from './call-flow.ts';
import {documentFrom} from './document.ts';
import type {FakeCall} from './fake-call.ts';
import type {PhoneNumber} from './phone-number.ts';
import type {Method} from '../twiml/stream-noun.ts';

export interface RestApiOptions {
  readonly port: number;
  readonly accountSid: string;
  readonly authToken: string;
  readonly answerWhenEnded: 404 | 400;
  readonly number: PhoneNumber;
  readonly find: (callSid: string) => FakeCall | undefined;
  /** An outbound call; it is answered at once. */
  readonly create: (first: Next, from: string, to: string) => FakeCall;
}

/** The REST API of one account on loopback: creates, reads and updates calls, reads and sets up the number. */
export interface RestApi extends AsyncDisposable {
  readonly url: string;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

/** The longest document an update may carry. */
const LONGEST_TWIML = 4000;

/** Listens on loopback. The paths and the forms are those of version 2010-04-01. */
export async function startRestApi(options: RestApiOptions): Promise<RestApi> {
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      const {status, body} = answer(request, form, options);
      response.writeHead(status, {'Content-Type': 'application/json'}).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : options.port;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer({method, url, headers}: http.IncomingMessage, form: URLSearchParams, options: RestApiOptions): Answer {
  const {accountSid, authToken, find, number} = options;
  if (!sameText(headers.authorization ?? '', `Basic ${btoa(`${accountSid}:${authToken}`)}`))
    return failure(401, 20003, 'Authenticate');
  const path = (url ?? '').replace(/\?.*$/, '');
  const account = `/2010-04-01/Accounts/${accountSid}`;
  if (path === `${account}.json`) return {status: 200, body: {sid: accountSid, status: 'active', type: 'Full'}};
  if (path === `${account}/IncomingPhoneNumbers.json`) {
    const wanted = new URL(url ?? '', 'http://127.0.0.1').searchParams.get('PhoneNumber') ?? number.number;
    return {status: 200, body: {incoming_phone_numbers: wanted === number.number ? [number.describe()] : []}};
  }
  if (path === `${account}/IncomingPhoneNumbers/${number.sid}.json`) {
    const described = number.update(form);
    return described ? {status: 200, body: described} : failure(400, 20001, 'a parameter is not known');
  }
  const calls = `${account}/Calls`;
  if (path === `${calls}.json` && method === 'POST') return create(form, options);
  const callSid = new RegExp(`^${calls}/([A-Za-z0-9_-]{1,64})\\.json$`).exec(path)?.[1];
  const call = callSid === undefined ? undefined : find(callSid);
  if (!call) return failure(404, 20404, `The requested resource ${path} was not found`);
  if (method === 'GET') return {status: 200, body: describe(call)};
  if (method === 'POST') return update(call, form, options);
  return failure(405, 20004, 'Method not allowed');
}

function create(form: URLSearchParams, options: RestApiOptions): Answer {
  const next = nextOf(form);
  if (!next) return failure(400, 21205, 'Url or Twiml is needed');
  if ('status' in next) return next;
  const [from, to] = [form.get('From'), form.get('To')];
  if (!from || !to) return failure(400, 21201, 'From and To are needed');
  return {status: 201, body: describe(options.create(next, from, to))};
}

function update(call: FakeCall, form: URLSearchParams, {answerWhenEnded}: RestApiOptions): Answer {
  const running = call.status === 'in-progress' || call.status === 'ringing';
  if (!running)
    return answerWhenEnded === 404
      ? failure(404, 20404, `The requested resource ${call.callSid} was not found`)
      : failure(400, 21220, 'Call is not in-progress. Cannot redirect.');
  const statusCallbackUrl = form.get('StatusCallback');
  const changes = statusCallbackUrl ? {statusCallbackUrl} : {};
  const status = form.get('Status');
  if (status === 'completed' || (status === 'canceled' && call.status === 'ringing')) {
    call.redirect({go: 'end', by: 'platform', reason: 'completed over REST', status}, changes);
    return {status: 200, body: {...describe(call), status}};
  }
  if (status !== null) return failure(400, 21220, `Status ${status} is not possible for a call that is ${call.status}`);
  const next = nextOf(form);
  if (!next) return failure(400, 21218, 'Url, Twiml or Status is needed');
  if ('status' in next) return next;
  if (call.status === 'ringing') return failure(400, 21220, 'Call is not in-progress. Cannot redirect.');
  call.redirect(next, changes);
  return {status: 200, body: describe(call)};
}

/** What the form asks a call to do, or the refusal. */
function nextOf(form: URLSearchParams): Exclude<Next, {go: 'end'}> | Answer | undefined {
  const [twiml, url] = [form.get('Twiml'), form.get('Url')];
  if (twiml !== null && url !== null) return failure(400, 21221, 'Twiml and Url exclude each other');
  if (url !== null) {
    const method: Method = form.get('Method')?.toUpperCase() === 'GET' ? 'GET' : 'POST';
    if (!/^https?:\/\//.test(url)) return failure(400, 21205, `${url} is no valid URL`);
    return {go: 'ask', purpose: 'redirect', url, method, params: {}};
  }
  if (twiml === null) return undefined;
  if (twiml.length > LONGEST_TWIML) return failure(400, 21617, `Twiml is longer than ${LONGEST_TWIML} characters`);
  const document = documentFrom(twiml, 'https://api.twilio.com/');
  return document.failed ? failure(400, 12100, document.failed.detail) : {go: 'obey', document};
}

function describe({callSid, facts, status}: FakeCall): object {
  const {accountSid, from, to, direction} = facts;
  return {
    sid: callSid,
    account_sid: accountSid,
    api_version: '2010-04-01',
    status,
    from,
    to,
    direction: direction === 'inbound' ? 'inbound' : 'outbound-api',
    uri: `/2010-04-01/Accounts/${accountSid}/Calls/${callSid}.json`,
  };
}

function failure(status: number, code: number, message: string): Answer {
  return {status, body: {status, code, message, more_info: `https://www.twilio.com/docs/errors/${code}`}};
}

function sameText(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
