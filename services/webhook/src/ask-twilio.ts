import {messageOf} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type AskTwilio, NotSent} from './twilio-calls.ts';

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

/** Asks Twilio's REST API about the calls of one account. */
export function twilioAsker(api: string, accountSid: string, token: string): AskTwilio {
  const base = `${api}/2010-04-01/Accounts/${accountSid}`;
  const authorization = `Basic ${Buffer.from(`${accountSid}:${token}`).toString('base64')}`;
  return async (path, form) => {
    const body = form && new URLSearchParams(Object.entries(form).flatMap(([name, value]) => listed(name, value)));
    try {
      const response = await fetch(`${base}${path}`, {
        method: form ? 'POST' : 'GET',
        headers: {authorization, accept: 'application/json'},
        ...(body ? {body} : {}),
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
}

/** Twilio takes several events as one parameter that is given several times. */
function listed(name: string, value: string): [string, string][] {
  return name === 'StatusCallbackEvent' ? value.split(' ').map(each => [name, each]) : [[name, value]];
}
