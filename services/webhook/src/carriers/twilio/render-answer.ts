import type {ServedCall} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {isDialable, type WebhookConfig} from '../../config.ts';
import {connect, dial, hangUp, PAUSE_SECONDS, SORRY, type Twiml} from './twiml.ts';

type Settings = Pick<WebhookConfig, 'PUBLIC_WEBHOOK_URL' | 'PUBLIC_EDGE_URL' | 'MODEL_BUSY_SAY'>;

/** A voice takes about so long, in milliseconds for each character. */
const SPOKEN_MS = 65;

/** So much of a ticket says which stream it was for, and opens nothing. */
const LEG_DIGITS = 8;

/** Which stream of a call a request is about: the first digits of its ticket. */
export function legOf({ticket}: Pick<ServedCall, 'ticket'>): string {
  return ticket?.slice(0, LEG_DIGITS) ?? '';
}

/**
 * Connects a caller with the stream that the directory names, and nothing else decides: whoever asks about the same
 * call gets the same answer, from every process. A caller who has to wait for the model is told so before, as often as
 * it takes.
 */
export function connectTwiml(call: ServedCall, config: Settings, say?: string): Twiml {
  const edge = call.facts['edgeUrl'] ?? config.PUBLIC_EDGE_URL;
  const waitMs = waitFor(call);
  const welcome = say === undefined ? [] : [say];
  return connect(`${edge}/media-stream${call.ticket ? `/${call.ticket}` : ''}`, {
    says: waitMs > 0 ? askedToWait(config.MODEL_BUSY_SAY, waitMs) : welcome,
    after: `${config.PUBLIC_WEBHOOK_URL}/after-stream${call.ticket ? `?leg=${legOf(call)}` : ''}`,
    status: `${config.PUBLIC_WEBHOOK_URL}/stream-status`,
  });
}

/** For how long the model cannot speak, in milliseconds, as it was when this stream was decided on. */
function waitFor({facts}: ServedCall): Millis {
  return Math.max(0, Number(facts['heldUntil'] ?? 0) - Number(facts['connectedAt'] ?? 0));
}

/** A sentence as often as a caller who waits for `ms` hears it, so that no silence is longer than a pause. */
function askedToWait(sentence: string, ms: Millis): string[] {
  const [spokenMs, pauseMs] = [sentence.length * SPOKEN_MS, PAUSE_SECONDS * 1_000];
  const more = Math.max(0, Math.ceil((ms - spokenMs - pauseMs) / (spokenMs + pauseMs)));
  return Array.from({length: 1 + more}, () => sentence);
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
