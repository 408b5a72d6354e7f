import {messageOf} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {z} from 'zod';

/** An answer of Twilio's REST API, whatever it says. */
export interface RestAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * Asks about the calls, numbers and conferences of one account: `path` is below the account, and with a `form` it is a
 * POST. Rejects if there is no answer: `NotSent` if Twilio cannot have got the request.
 */
export type AskTwilio = (path: string, form?: Readonly<Record<string, string>>) => Promise<RestAnswer>;

/** One HTTP request. */
export type SendRest = (
  address: string,
  request: {
    readonly method: 'GET' | 'POST';
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  },
) => Promise<RestAnswer>;

/** The request never left: nothing can have come of it. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
}

/** Twilio gives up a request after 15 s. */
const WITHIN: Millis = 15_000;
/** Errors of a connection that was never there. */
const BEFORE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** The one door to Twilio's REST API: https://www.twilio.com/docs/usage/api. `send`: by `fetch` if not given. */
export function twilioRest(
  {api, accountSid, token}: {readonly api: string; readonly accountSid: string; readonly token: string},
  send: SendRest = byFetch,
): AskTwilio {
  const base = `${api}/2010-04-01/Accounts/${accountSid}`;
  const authorization = `Basic ${Buffer.from(`${accountSid}:${token}`).toString('base64')}`;
  const headers = {authorization, accept: 'application/json'};
  return async (path, form) => {
    if (!form) return await send(`${base}${path}`, {method: 'GET', headers, body: ''});
    const body = new URLSearchParams(Object.entries(form).flatMap(([name, value]) => listed(name, value)));
    return await send(`${base}${path}`, {
      method: 'POST',
      headers: {...headers, 'content-type': 'application/x-www-form-urlencoded'},
      body: body.toString(),
    });
  };
}

const byFetch: SendRest = async (address, {method, headers, body}) => {
  try {
    const response = await fetch(address, {
      method,
      headers,
      ...(method === 'POST' ? {body} : {}),
      redirect: 'error',
      signal: AbortSignal.timeout(WITHIN),
    });
    return {status: response.status, body: await response.text()};
  } catch (thrown) {
    const {cause} = thrown instanceof Error ? thrown : {};
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const what = `Twilio’s REST API does not answer (${code || messageOf(thrown)})`;
    throw BEFORE.has(code) ? new NotSent(what) : new Error(what, {cause: thrown});
  }
};

/** Twilio takes several events as one parameter that is given several times. */
function listed(name: string, value: string): [string, string][] {
  return name === 'StatusCallbackEvent' ? value.split(' ').map(each => [name, each]) : [[name, value]];
}

const Refusal = z.object({code: z.number().optional(), message: z.string().optional()});

/** The refusal of a request in words: https://www.twilio.com/docs/usage/twilios-response */
export function refusalOf({status, body}: RestAnswer): string {
  const {code, message} = refusalIn(body);
  const words = [code, message].filter(part => part !== undefined).join(': ');
  return `Twilio answers ${status}${words === '' ? '' : ` (${words})`}`;
}

function refusalIn(body: string): z.infer<typeof Refusal> {
  try {
    return Refusal.safeParse(JSON.parse(body)).data ?? {};
  } catch {
    return {};
  }
}
