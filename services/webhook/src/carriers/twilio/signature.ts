import {timingSafeEqual} from 'node:crypto';
import {getExpectedTwilioSignature, validateRequest} from 'twilio/lib/webhooks/webhooks.js';
import {spellingsOf} from '@voicebridge/shared/config/spellings.ts';
import type {WebhookConfig} from '../../config.ts';
import type {Form} from './form.ts';
import {type Ours, overrides} from './our-urls.ts';

/** A signature of Twilio's: 20 bytes as base64. */
const SIGNATURE = /^[A-Za-z0-9+/]{27}=$/;

/** A path and query that no library writes in another way. */
const PLAIN = /^[\w/-]*(?:\?[\w-]+=[\w-]+(?:&[\w-]+=[\w-]+)*)?$/;

/** Whether a header may be a signature at all. */
export function looksSigned(header: unknown): header is string {
  return typeof header === 'string' && SIGNATURE.test(header);
}

/** What Twilio signs of a request, and its signature. `path`: below the public origin, with its query. */
export interface Signed {
  readonly path: string;
  readonly form: Form;
  readonly signature: unknown;
}

/**
 * Whether Twilio made a request. Twilio signs the address it was given, which is the public one, with all parameters of
 * the form (Twilio, "Validating requests"), so the Host header decides nothing. What stands behind `#` in an address of ours
 * is not part of that, as others report; should it be one day, no call is lost.
 */
export function signatureCheck({
  PUBLIC_WEBHOOK_URL: origin,
  TWILIO_AUTH_TOKEN: tokens,
  WEBHOOK_RETRIES: retries,
}: Ours & Pick<WebhookConfig, 'TWILIO_AUTH_TOKEN'>): (request: Signed) => boolean {
  const origins = spellingsOf(origin);
  return ({path, form, signature}) => {
    if (!looksSigned(signature)) return false;
    const paths = retries === 0 ? [path] : [path, path + overrides(retries)];
    if (!PLAIN.test(path))
      return tokens.some(token => paths.some(each => isValid(token, signature, origin + each, form)));
    // Twilio's library would make each hash three times, at the expense of whoever is asked by strangers.
    const given = Buffer.from(signature);
    return tokens.some(token =>
      origins.some(spelling =>
        paths.some(each =>
          timingSafeEqual(given, Buffer.from(getExpectedTwilioSignature(token, spelling + each, form))),
        ),
      ),
    );
  };
}

function isValid(token: string, signature: string, url: string, form: Form): boolean {
  try {
    return validateRequest(token, signature, url, form);
  } catch {
    // The validator throws on a URL that cannot be parsed; such a request is not signed.
    return false;
  }
}
