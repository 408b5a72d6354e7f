import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import type {Settings} from '../fake-twilio-options.ts';
import type {Method} from '../twiml/stream-noun.ts';
import type {Params} from '../twiml/webhook-client.ts';
import type {CallWebhooks} from './call-webhooks.ts';
import {documentOf} from './document.ts';

export interface WaitingDeps {
  readonly webhooks: Pick<CallWebhooks, 'ask'>;
  readonly clock: Clock;
  readonly settings: Pick<Settings, 'sayMsPerChar' | 'musicMs'>;
  readonly alert: (code: number, detail: string) => void;
}

/** Where what is heard comes from: `waitUrl` of a queue or of a conference. */
export interface WaitingSource {
  readonly url: string;
  readonly method: Method;
  readonly params: Params;
  /** A queue can be left by a document, a conference cannot. */
  readonly mayLeave: boolean;
}

/** What is heard has so many documents at most. */
const DOCUMENTS_AT_MOST = 100;

/**
 * What somebody hears who waits, document after document, each from its beginning. Resolves when one makes them leave, or
 * when `signal` aborts.
 */
export async function waits(source: WaitingSource, deps: WaitingDeps, signal: AbortSignal): Promise<void> {
  const {webhooks, clock, settings, alert} = deps;
  const {params, mayLeave} = source;
  const never = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), {once: true}));
  let {url, method} = source;
  for (let asked = 0; asked < DOCUMENTS_AT_MOST && !signal.aborted; asked += 1) {
    const document = documentOf(await webhooks.ask('wait', {url, method, params}));
    for (const {code, detail} of document.problems) alert(code, detail);
    if (document.failed) break;
    for (const each of document.verbs) {
      if (signal.aborted) return;
      if (each.verb === 'Leave' && mayLeave) return;
      if (each.verb === 'Say') await sleep(clock, each.text.length * settings.sayMsPerChar, signal);
      else if (each.verb === 'Pause') await sleep(clock, each.ms, signal);
      else if (each.verb === 'Play' && each.digits === undefined) await sleep(clock, settings.musicMs, signal);
      else if (each.verb === 'Redirect') {
        url = new URL(each.url, document.url).href;
        method = each.method;
        break;
      } else alert(12200, `${each.verb} is not played to somebody who waits`);
    }
  }
  if (!signal.aborted) await never;
}
