import {timingSafeEqual} from 'node:crypto';
import http from 'node:http';
import type {PhoneNumber} from '../call/phone-number.ts';
import {type CallsDeps, createCall, describeCall, listCalls, updateCall} from './calls.ts';
import {type Answer, badParameter, failure} from './rest-answer.ts';
import {moodOf, type RestMood, type RestRequest} from './rest-mood.ts';

export interface RestApiOptions extends CallsDeps {
  readonly port: number;
  readonly authToken: string;
  readonly number: PhoneNumber;
  readonly mood: (request: RestRequest) => RestMood | undefined;
}

/** The REST API of one account on loopback: creates, lists, reads and updates calls, reads and sets up the number. */
export interface RestApi extends AsyncDisposable {
  readonly url: string;
}

/** Listens on loopback. The paths and the forms are those of version 2010-04-01. */
export async function startRestApi(options: RestApiOptions): Promise<RestApi> {
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      const answer = answerInMood(request, form, options);
      if (answer === 'cut') request.socket.resetAndDestroy();
      else response.writeHead(answer.status, {'Content-Type': 'application/json'}).end(JSON.stringify(answer.body));
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

function answerInMood(request: http.IncomingMessage, form: URLSearchParams, options: RestApiOptions): Answer | 'cut' {
  const {accountSid, authToken} = options;
  if (!sameText(request.headers.authorization ?? '', `Basic ${btoa(`${accountSid}:${authToken}`)}`))
    return failure(401, 20003, 'Authenticate');
  const account = `/2010-04-01/Accounts/${accountSid}`;
  const {pathname, searchParams} = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (pathname === `${account}.json`) return {status: 200, body: {sid: accountSid, status: 'active', type: 'Full'}};
  const path = pathname.startsWith(`${account}/`) ? pathname.slice(account.length) : '';
  const asked = {method: request.method ?? 'GET', path, form};
  const {before, after} = moodOf(options.mood(asked));
  if (before !== undefined) return before;
  const answer = routed(asked, searchParams, options, pathname);
  return after ?? answer;
}

/** The answer of whoever is at this path. */
function routed(
  {method, path, form}: RestRequest,
  query: URLSearchParams,
  options: RestApiOptions,
  pathname: string,
): Answer {
  const {number, find} = options;
  if (path === '/IncomingPhoneNumbers.json') {
    const wanted = query.get('PhoneNumber') ?? number.number;
    return {status: 200, body: {incoming_phone_numbers: wanted === number.number ? [number.describe()] : []}};
  }
  if (path === `/IncomingPhoneNumbers/${number.sid}.json`) {
    const described = number.update(form);
    return described ? {status: 200, body: described} : badParameter('a parameter is not known');
  }
  if (path === '/Calls.json' && method === 'POST') return createCall(form, options);
  if (path === '/Calls.json') return listCalls(query, options);
  const callSid = /^\/Calls\/([A-Za-z0-9_-]{1,64})\.json$/.exec(path)?.[1];
  const call = callSid === undefined ? undefined : find(callSid);
  if (!call) return failure(404, 20404, `The requested resource ${pathname} was not found`);
  if (method === 'GET') return {status: 200, body: describeCall(call)};
  if (method === 'POST') return updateCall(call, form, options);
  return failure(405, 20004, 'Method not allowed');
}

function sameText(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
