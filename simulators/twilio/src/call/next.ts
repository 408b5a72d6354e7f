import type {EndedBy} from '../report/call-report.ts';
import type {Method} from '../twiml/stream-noun.ts';
import type {Params} from '../twiml/webhook-client.ts';
import type {Document} from './document.ts';
import type {Outgoing} from './ring-callee.ts';

/** What a call does next. */
export type Next =
  | {
      readonly go: 'ask';
      readonly purpose: 'voice' | 'fallback' | 'action' | 'redirect';
      readonly url: string;
      readonly method: Method;
      readonly params: Params;
    }
  | {readonly go: 'obey'; readonly document: Document}
  /** The account calls somebody: `answered` is done when they answer. */
  | {readonly go: 'ring'; readonly outgoing: Outgoing; readonly answered: Exclude<Next, {readonly go: 'ring'}>}
  | {readonly go: 'end'; readonly by: EndedBy; readonly reason: string; readonly status?: string};

/** After a verb Twilio asks its action what to do; without one it goes on with the next verb. */
export function goOn(
  verb: {readonly action?: string; readonly method: Method},
  url: string,
  params: Params,
): Next | undefined {
  if (verb.action === undefined) return undefined;
  return {go: 'ask', purpose: 'action', url: new URL(verb.action, url).href, method: verb.method, params};
}
