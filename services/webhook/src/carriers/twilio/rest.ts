import {messageOf} from '@voicebridge/shared/errors.ts';
import {boundedText, TooLong} from '@voicebridge/shared/protocol/bounded-body.ts';
import {FEW_FACTS, isWithin} from '@voicebridge/shared/protocol/json-bounds.ts';
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
/** The longest answer that is read, in bytes. A page of fifty calls has less than a tenth of it. */
const ANSWER_AT_MOST = 1_048_576;
/** The longest words of Twilio that are passed on, in characters. */
const WORDS_AT_MOST = 200;
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
    return {status: response.status, body: await boundedText(response, ANSWER_AT_MOST)};
  } catch (thrown) {
    if (thrown instanceof TooLong) throw new Error(`Twilio’s REST API: ${thrown.message}`, {cause: thrown});
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

/** What an answer says, as data. Throws if it is none, or more than any answer of Twilio has. */
export function dataOf<Data>(schema: z.ZodType<Data>, {body}: RestAnswer): Data {
  const data = isWithin(FEW_FACTS, body) ? schema.safeParse(jsonOf(body)).data : undefined;
  // Neither the text nor what is wrong with it: both may have somebody's number in them.
  if (data === undefined) throw new Error('the answer of Twilio’s REST API cannot be read');
  return data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const Refusal = z.object({
  code: z.number().int().max(999_999).optional().catch(undefined),
  message: z.string().optional(),
});

/** The refusal of a request in words, without numbers of telephones: https://www.twilio.com/docs/usage/twilios-response */
export function refusalOf({status, body}: RestAnswer): string {
  const {code, message} = (isWithin(FEW_FACTS, body) ? Refusal.safeParse(jsonOf(body)).data : undefined) ?? {};
  const told = message
    ?.slice(0, 10 * WORDS_AT_MOST)
    .replaceAll(NUMBER, '…')
    .slice(0, WORDS_AT_MOST);
  const words = [code, told].filter(part => part !== undefined).join(': ');
  return `Twilio answers ${status}${words === '' ? '' : ` (${words})`}`;
}

/** Seven digits and more, as telephone numbers are written. */
const NUMBER = /\+?\d(?:[\s().-]?\d){6,}/g;
