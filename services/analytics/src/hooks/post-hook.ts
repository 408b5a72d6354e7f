import {sender} from '@voicebridge/assistant/http/send-request.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {PostHook} from './deliver.ts';

/** How long a receiver may take to answer. */
const TIMEOUT: Millis = 10_000;
/** What a receiver says is not kept. */
const MAX_BYTES = 65_536;

/** Posts webhooks as the HTTP tools of assistants ask: a private address only where that is allowed. */
export function hookPoster(): PostHook {
  const send = sender(() => undefined);
  return async ({post, allowPrivate}, headers, body) => {
    const answer = await send({
      method: 'POST',
      url: post,
      headers: {'content-type': 'application/json', accept: '*/*', ...headers},
      body,
      maxBytes: MAX_BYTES,
      allowPrivate,
      isSecret: true,
      // The outcome of a redirect would be a GET, and no delivery.
      redirects: false,
      signal: AbortSignal.timeout(TIMEOUT),
    });
    return answer.status;
  };
}
