import type {ServedCall} from '@voicebridge/shared/call-directory/call-directory.ts';
import {isDialable, type WebhookConfig} from './config.ts';
import {connect, dial, hangUp, SORRY, type Twiml} from './twiml.ts';

type Urls = Pick<WebhookConfig, 'PUBLIC_WEBHOOK_URL' | 'PUBLIC_EDGE_URL'>;

/** So much of a ticket says which stream it was for, and opens nothing. */
const LEG_DIGITS = 8;

/** Which stream of a call a request is about: the first digits of its ticket. */
export function legOf({ticket}: Pick<ServedCall, 'ticket'>): string {
  return ticket?.slice(0, LEG_DIGITS) ?? '';
}

/**
 * Connects a caller with the stream that the directory names, and nothing else decides: whoever asks about the same
 * call gets the same answer, from every process.
 */
export function connectTwiml(call: ServedCall, config: Urls, say?: string): Twiml {
  const edge = call.facts['edgeUrl'] ?? config.PUBLIC_EDGE_URL;
  return connect(`${edge}/media-stream${call.ticket ? `/${call.ticket}` : ''}`, {
    ...(say === undefined ? {} : {say}),
    after: `${config.PUBLIC_WEBHOOK_URL}/after-stream${call.ticket ? `?leg=${legOf(call)}` : ''}`,
    status: `${config.PUBLIC_WEBHOOK_URL}/stream-status`,
  });
}

/** What is to become of a caller for whom that is decided; undefined for one who is to talk to the assistant. */
export function decidedTwiml(call: ServedCall, config: WebhookConfig): Twiml | undefined {
  if (call.intent === 'apologise') {
    const target = config.MODEL_DOWN_TARGET;
    return target === undefined ? hangUp(config.MODEL_DOWN_SAY) : dial(target, config.MODEL_DOWN_SAY);
  }
  if (call.intent === 'transfer') {
    const target = call.facts['transferTo'] ?? '';
    return isDialable(target) ? dial(target) : hangUp(SORRY);
  }
  if (call.intent === 'hang-up' || call.state === 'ended') return hangUp();
  return undefined;
}
