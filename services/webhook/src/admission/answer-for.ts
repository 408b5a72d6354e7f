import type {ServedCall} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {WebhookConfig} from '../config.ts';
import {SORRY, type CallAnswer} from './call-answer.ts';
import {isAllowed} from '@voicebridge/shared/protocol/destinations.ts';
import {isOurEdge, type OurEdges} from './edge-origin.ts';

/** How long a voice speaks, in milliseconds for each character. */
const SPOKEN_MS = 65;

/** Between two sentences for a caller who waits. */
const PAUSE_SECONDS = 5;

/** This many digits of a ticket identify a stream, and are too few to open one. */
const LEG_DIGITS = 8;

/** Which stream of a call a request is about: the first digits of its ticket. */
export function legOf({ticket}: Pick<ServedCall, 'ticket'>): string {
  return ticket?.slice(0, LEG_DIGITS) ?? '';
}

/**
 * Connects a caller with the stream that is in the directory. Nothing else decides, so every process gives the same
 * answer about the same call. A caller who has to wait for the model hears MODEL_BUSY_SAY first, repeated for as long as
 * it takes. `welcome` is said to all others. `keys` are pressed before.
 */
export function connectAnswer(
  call: ServedCall,
  config: OurEdges & Pick<WebhookConfig, 'MODEL_BUSY_SAY'>,
  {welcome, keys}: {readonly welcome?: string | undefined; readonly keys?: string | undefined} = {},
): CallAnswer {
  const waitMs = waitOf(call);
  const {edgeUrl = config.PUBLIC_EDGE_URL} = call.facts;
  const welcomes = welcome === undefined ? [] : [welcome];
  return {
    kind: 'connect',
    edgeUrl: isOurEdge(edgeUrl, config) ? edgeUrl : config.PUBLIC_EDGE_URL,
    ticket: call.ticket,
    leg: legOf(call),
    keys,
    says: waitMs > 0 ? repeated(config.MODEL_BUSY_SAY, waitMs) : welcomes,
    pauseSeconds: PAUSE_SECONDS,
  };
}

/** For how long the model cannot speak, counted from the moment in which this stream was decided on. */
function waitOf({facts}: ServedCall): Millis {
  return Math.max(0, Number(facts['heldUntil'] ?? 0) - Number(facts['connectedAt'] ?? 0));
}

/** A sentence as often as it takes to fill `ms` without a silence longer than a pause. */
function repeated(sentence: string, ms: Millis): string[] {
  const [spokenMs, pauseMs] = [sentence.length * SPOKEN_MS, PAUSE_SECONDS * 1_000];
  const more = Math.max(0, Math.ceil((ms - spokenMs - pauseMs) / (spokenMs + pauseMs)));
  return Array.from({length: 1 + more}, () => sentence);
}

/** The answer for a caller whose call has an intent or has ended; undefined for one who talks to the assistant. */
export function intendedAnswer(
  call: ServedCall,
  config: Pick<WebhookConfig, 'MODEL_DOWN_TARGET' | 'MODEL_DOWN_SAY' | 'TRANSFER_ALLOW' | 'LIMIT_END_SAY'>,
): CallAnswer | undefined {
  if (call.intent === 'apologise') {
    const {MODEL_DOWN_TARGET: target, MODEL_DOWN_SAY} = config;
    const say = call.facts['failureSay'] ?? MODEL_DOWN_SAY;
    return target === undefined ? {kind: 'hangUp', say} : {kind: 'dial', target, say};
  }
  if (call.intent === 'transfer') {
    const target = call.facts['transferTo'] ?? '';
    return isAllowed(target, config.TRANSFER_ALLOW) ? {kind: 'dial', target} : {kind: 'hangUp', say: SORRY};
  }
  // The worker stops at once where money ends: another sentence of the model would cost more of it.
  if (call.intent === 'hang-up' && call.facts['limit'] !== undefined)
    return {kind: 'hangUp', say: config.LIMIT_END_SAY};
  if (call.intent === 'hang-up' || call.state === 'ended') return {kind: 'hangUp'};
  return undefined;
}
