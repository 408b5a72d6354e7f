import {createHmac} from 'node:crypto';

/** The headers of a webhook: https://www.standardwebhooks.com */
export interface HookHeaders {
  readonly 'webhook-id': string;
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
}

/**
 * Signs a webhook. `secret`: `whsec_` and the key in base64, as receivers' libraries take it; anything else is the key
 * itself. `at`: Unix seconds.
 */
export function signHook(secret: string, id: string, at: number, body: string): HookHeaders {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
  const signature = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64');
  return {'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}`};
}
