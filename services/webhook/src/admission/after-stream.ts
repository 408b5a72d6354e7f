import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import {logOfCall} from '@voicebridge/shared/observability/log.ts';
import {retryWithin} from '@voicebridge/shared/retry.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallContext} from './call-context.ts';
import {connectTwiml, decidedTwiml, legOf} from '../carriers/twilio/render-answer.ts';
import {chooseEdge} from './choose-edge.ts';
import {endCall} from './call-status.ts';
import {hangUp, nothing, SORRY, type Twiml} from '../carriers/twilio/twiml.ts';
import {isOver, type TwilioRequest} from '../carriers/twilio/request.ts';

/** How long a caller hears silence while Redis is away. */
const PATIENCE_MS = 3_000;
/** We sent this caller to the stream ourselves: a Redis that has forgotten it hears of it again from its owner. */
const FORGOTTEN_MS = 2_000;
/** A stream that lived this long was none of several that fail in a row: what ended it is a new accident. */
const LIVED_MS = 60_000;
/** How often a call may change owners while we look for its next stream. */
const TRIES = 5;

/**
 * A stream has ended: because it was meant to, because the caller hung up, or by accident. After an accident the caller
 * gets another stream, and the owner of the call goes on. Asked again about the same stream, it gives the same answer.
 * Rejects when Redis stays away.
 */
export async function afterStream(request: TwilioRequest, context: CallContext): Promise<Twiml> {
  const {clock, metrics, log} = context;
  if (isOver(request)) {
    endCall(request.CallSid, 'caller.hung-up', context);
    return nothing();
  }
  const askedAt = clock.now();
  const answered = traceOf(request, context);
  const find = async () => {
    const next = await nextStream(request, context);
    if (!next.call && clock.now() - askedAt < FORGOTTEN_MS) throw new Error('nobody knows the call');
    return next;
  };
  const {call, result} = await retryWithin(find, {clock, budgetMs: PATIENCE_MS}).catch((thrown: unknown) => {
    answered('failed', undefined, 'Redis stays away');
    throw thrown;
  });
  answered(result, call);
  if (!call) return hangUp();
  if (result === 'given-up') {
    logOfCall(log, call.callSid, call.facts['traceparent']).warn({}, 'stream lost too often');
    metrics.callsTotal.inc({result});
    return hangUp(SORRY);
  }
  const decided = decidedTwiml(call, context.config);
  if (decided !== undefined) return decided;
  metrics.callsTotal.inc({result: 'resumed'});
  return connectTwiml(call, context.config);
}

/** What becomes of a call whose stream has ended. Without a call, nobody knows it. */
interface Next {
  readonly call?: CallEntry;
  readonly result: 'unknown' | 'decided' | 'repeated' | 'given-up' | 'resumed';
}

async function nextStream({CallSid: callSid, leg}: TwilioRequest, context: CallContext): Promise<Next> {
  const {directory, config, log, clock} = context;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const call = await directory.read(callSid);
    if (!call) return {result: 'unknown'};
    if (decidedTwiml(call, config) !== undefined) return {call, result: 'decided'};
    // This stream has its successor already: the question came twice.
    if (leg !== undefined && leg !== legOf(call)) return {call, result: 'repeated'};
    const now = clock.wall();
    const attempts = lostInARow(call, now);
    if (attempts >= config.MAX_ATTEMPTS && call.intent !== 'migrate') return {call, result: 'given-up'};
    const edge = await chooseEdge(context, call);
    const edgeUrl = edge === 'full' ? config.PUBLIC_EDGE_URL : edge.url;
    const ticket = context.newTicket();
    await directory.putTicket(ticket, {callSid, epoch: call.epoch});
    const {epoch, ticket: replaces} = call;
    const next = await directory.retry(callSid, {
      epoch,
      replaces,
      ticket,
      attempts,
      facts: {edgeUrl, connectedAt: `${now}`},
    });
    logOfCall(log, callSid, call.facts['traceparent']).info(
      {moved: call.intent === 'migrate', attempts: next?.attempts},
      'stream ended early',
    );
    if (next) return {call: next, result: 'resumed'};
  }
  throw new Error('the call changes too fast');
}

/**
 * How many streams of this call were lost, each within a minute of the one before. The clocks of two webhooks may differ:
 * by far less than that.
 */
function lostInARow({attempts, facts, startedAt}: CallEntry, now: Millis): number {
  const connectedAt = Number(facts['connectedAt'] ?? startedAt);
  return now - connectedAt < LIVED_MS ? attempts : 0;
}

/** The span of one question. Which trace it belongs to is known only with the answer, so it begins in the past. */
function traceOf({CallSid}: TwilioRequest, {clock, traces}: CallContext) {
  const at = clock.wall();
  return (result: Next['result'] | 'failed', call?: CallEntry, failed?: string) => {
    const facts = {'http.route': '/after-stream', 'voicebridge.call_sid': CallSid, 'voicebridge.result': result};
    const parent = call?.facts['traceparent'];
    traces.begin('POST /after-stream', {at, parent, kind: 'server', facts}).end(clock.wall(), {failed});
  };
}
