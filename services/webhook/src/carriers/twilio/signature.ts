import {validateRequest} from 'twilio/lib/webhooks/webhooks.js';
import type {WebhookConfig} from '../../config.ts';

/** The parameters of a form; a name that came twice has a list. */
export type Form = Readonly<Record<string, string | readonly string[]>>;

/**
 * Whether Twilio made this request. It signs the address it was told, which is the public one, with all parameters of
 * the form: the Host header decides nothing. `path`: as it was asked for below the public origin, with its query.
 */
export function isSigned(
  {path, form, signature}: {readonly path: string; readonly form: Form; readonly signature: string | undefined},
  config: Pick<WebhookConfig, 'PUBLIC_WEBHOOK_URL' | 'TWILIO_AUTH_TOKEN' | 'TWILIO_VALIDATE'>,
): boolean {
  if (!config.TWILIO_VALIDATE) return true;
  if (!signature) return false;
  return config.TWILIO_AUTH_TOKEN.some(token => {
    try {
      return validateRequest(token, signature, config.PUBLIC_WEBHOOK_URL + path, form);
    } catch {
      // The validator throws on an address that is none: nobody signed that.
      return false;
    }
  });
}
