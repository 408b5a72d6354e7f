import {createHmac} from 'node:crypto';
import type {Millis} from '@voicebridge/shared/time.ts';
import {readTwiml, type Verb} from './read-twiml.ts';

export interface WebhookAddress {
  /** The public origin of the webhook, as PUBLIC_WEBHOOK_URL says it. */
  readonly origin: string;
  /** Signs as the telephone network does; undefined: nothing is signed (TWILIO_VALIDATE=off). */
  readonly token: string | undefined;
}

const ANSWERS_WITHIN: Millis = 15_000;

/** Twilio's signature of a request: the address and the sorted parameters, HMAC-SHA1 (Twilio, "Validating requests"). */
export function signatureOf(token: string, url: string, form: Readonly<Record<string, string>> = {}): string {
  const text = Object.keys(form)
    .toSorted()
    .reduce((before, name) => before + name + form[name], url);
  return createHmac('sha1', token).update(text).digest('base64');
}

/** Asks the webhook what to do with a call: at an address without what the telephone network reads behind `#`. Rejects with a sentence for the person at the phone. */
export async function askWebhook(
  address: string,
  form: Readonly<Record<string, string>>,
  {token}: WebhookAddress,
): Promise<readonly Verb[]> {
  const url = address.replace(/#.*$/, '');
  const answer = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers: token === undefined ? {} : {'x-twilio-signature': signatureOf(token, url, form)},
    signal: AbortSignal.timeout(ANSWERS_WITHIN),
  }).catch(() => {
    throw new Error('the webhook does not answer: is it running at PUBLIC_WEBHOOK_URL?');
  });
  const body = await answer.text();
  if (answer.status === 403) throw new Error('the webhook refused the signature: give analytics its TWILIO_AUTH_TOKEN');
  if (!answer.ok) throw new Error(`the webhook answered ${answer.status}: its log says why`);
  return readTwiml(body);
}
