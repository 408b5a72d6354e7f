import {validateRequest} from 'twilio/lib/webhooks/webhooks.js';
import type {WebhookConfig} from '../../config.ts';

/** The parameters of a form; a name that came more than once has a list. */
export type Form = Readonly<Record<string, string | readonly string[]>>;

/**
 * Whether Twilio made this request. Twilio signs the address it was given, which is the public one, with all parameters
 * of the form (Twilio, "Validating requests"), so the Host header decides nothing. `path`: below the public origin, with
 * its query.
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
      // The validator throws on a URL that cannot be parsed; such a request is not signed.
      return false;
    }
  });
}
