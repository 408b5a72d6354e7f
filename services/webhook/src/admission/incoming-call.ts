import type {Ticket} from '@voicebridge/shared/protocol/ids.ts';
import type {CallEntry, Facts, ServedCall} from '@voicebridge/shared/call-directory/call-directory.ts';
import {background, logOfCall} from '@voicebridge/shared/observability/log.ts';
import {assignCall} from '@voicebridge/shared/fleet/assign-call.ts';
import {retryWithin} from '@voicebridge/shared/retry.ts';
import type {CallContext} from './call-context.ts';
import {endCall} from './call-status.ts';
import {connectTwiml, decidedTwiml} from '../carriers/twilio/render-answer.ts';
import {chooseEdge} from './choose-edge.ts';
import {overloadTwiml} from './overload.ts';
import {redactedParties} from './redact-numbers.ts';
import {connect, nothing, redirect, type Twiml} from '../carriers/twilio/twiml.ts';
import {isOver, type TwilioRequest} from '../carriers/twilio/request.ts';

/** How long a caller hears it ring while Redis is away. */
const PATIENCE_MS = 3_000;

/** A caller for whom there may be a place is not sent away before so many seconds, asking and pauses together… */
const HOLD_AT_MOST_SECONDS = 20;
/** …and is asked for again this often. A first `<Pause>` does not answer the call: it goes on ringing. */
const PAUSE_SECONDS = 1;

/** No worker has said yes yet, and not all that live have said that they are full. One may in a moment. */
class NobodyAnswers extends Error {
  override readonly name = 'NobodyAnswers';
}

/**
 * A call came in: finds it an owner and an edge, and connects it; or says what callers get when there is no place.
 * Asked again about the same call, it gives the same answer. Rejects when Redis stays away.
 */
export async function incomingCall(request: TwilioRequest, context: CallContext): Promise<Twiml> {
  const {bus, clock, config, held, metrics, traces} = context;
  held.back(request.CallSid);
  if (isOver(request)) {
    endCall(request.CallSid, 'caller.hung-up', context);
    return nothing();
  }
  const receivedAt = clock.now();
  const ticket = context.newTicket();
  const span = traces.begin('POST /incoming-call', {
    at: clock.wall(),
    kind: 'server',
    facts: {'http.route': '/incoming-call', 'voicebridge.call_sid': request.CallSid},
  });
  const {traceparent} = span;
  const answered = (result: string) => {
    metrics.callsTotal.inc({result});
    span.end(clock.wall(), {facts: {'voicebridge.result': result}});
  };
  const admit = async (): Promise<ServedCall | 'full'> => {
    const known = await knownCall(request, context);
    if (known) return known;
    // Nobody can own a call that cannot be written down; a Redis that is only away may be back in a moment.
    const trouble = bus.trouble();
    if (trouble !== undefined && trouble !== 'no-answer') return 'full';
    const admitted = await once(request, context, () => newCall(request, {ticket, traceparent}, context));
    if (admitted !== 'full') metrics.admissionSeconds.observe((clock.now() - receivedAt) / 1_000);
    return admitted;
  };
  const call = await retryWithin(admit, {clock, budgetMs: PATIENCE_MS}).catch((thrown: unknown) => {
    if (thrown instanceof NobodyAnswers) return 'unanswered' as const;
    span.end(clock.wall(), {failed: 'Redis stays away'});
    throw thrown;
  });
  if (call === 'full' || call === 'unanswered') {
    const waited = request.waited + Math.ceil((clock.now() - receivedAt) / 1_000) + PAUSE_SECONDS;
    const log = logOfCall(context.log, request.CallSid);
    // Who is held already for want of a place is held by that rule alone.
    const inTime = waited + PATIENCE_MS / 1_000 <= HOLD_AT_MOST_SECONDS;
    if (call === 'unanswered' && request.held === 0 && inTime && !held.leaving) {
      log.info({waited}, 'caller held: no worker has answered yet');
      answered('held');
      held.hold(request.CallSid, PAUSE_SECONDS);
      const again = `${config.PUBLIC_WEBHOOK_URL}/incoming-call?waited=${waited}`;
      return redirect(again, {pauseSeconds: PAUSE_SECONDS});
    }
    log.warn({answer: config.OVERLOAD, held: request.held, waited, why: call}, 'no place for a call');
    answered('overload');
    // Hung up for good: a yes that comes now is for nobody.
    if (call === 'unanswered' && config.OVERLOAD === 'say') endCall(request.CallSid, 'caller.hung-up', context);
    return overloadTwiml(config, request.held);
  }
  answered(call.ticket === ticket ? 'admitted' : 'repeated');
  return decidedTwiml(call, config) ?? connectTwiml(call, config, config.WELCOME_SAY);
}

/** Somebody without a CallSid, trying out what the answer looks like. Only where nothing is validated. */
export async function previewTwiml({fleet, edges, random, config}: CallContext): Promise<Twiml> {
  const edge = await chooseEdge({fleet, edges, random, config});
  const url = edge === 'full' ? config.PUBLIC_EDGE_URL : edge.url;
  return connect(`${url}/media-stream`, config.WELCOME_SAY === undefined ? {} : {says: [config.WELCOME_SAY]});
}

async function knownCall({CallSid}: TwilioRequest, {directory, config}: CallContext): Promise<CallEntry | undefined> {
  const call = await directory.read(CallSid);
  if (call?.state !== 'ended' || config.TWILIO_VALIDATE) return call;
  // A tool may use one CallSid again and again; Twilio never does.
  await directory.forget(CallSid);
  return undefined;
}

/** Twilio may ask twice at once, of two of us: the second waits until the call is known, or is held like the first. */
async function once<Result>(
  {CallSid}: TwilioRequest,
  {directory, log}: CallContext,
  admit: () => Promise<Result>,
): Promise<Result> {
  if (!(await directory.startAdmission(CallSid)))
    throw new NobodyAnswers('an owner is being found for this call already');
  try {
    return await admit();
  } finally {
    background(directory.endAdmission(CallSid), log, 'an admission is over');
  }
}

async function newCall(
  request: TwilioRequest,
  {ticket, traceparent}: {readonly ticket: Ticket; readonly traceparent: string},
  context: CallContext,
): Promise<ServedCall | 'full'> {
  const {directory, log} = context;
  const callSid = request.CallSid;
  const edge = await chooseEdge(context);
  if (edge === 'full') return 'full';
  const facts = {...factsOfCall(request, edge.url, context), traceparent};
  // Before anybody can be told of it. A new call is in epoch 1 once it has an owner.
  await directory.putTicket(ticket, {callSid, epoch: 1});
  const assigned = await assignCall(context, {
    callSid,
    epoch: 0,
    ticket,
    assistant: 'default',
    facts,
    traceparent,
    cause: 'new',
  });
  if (assigned.assigned) return assigned.call;
  // The last place may have gone to this very call, asked for by another of us.
  const call = await directory.read(callSid);
  if (call?.state === 'live') return call;
  // A worker that says yes too late has the call, and this ticket: the caller comes back for it.
  if (assigned.why !== 'full') throw new NobodyAnswers('no worker answers');
  background(directory.takeTicket(ticket), log, 'taking back a ticket');
  return 'full';
}

function factsOfCall({From, To, Direction}: TwilioRequest, edgeUrl: string, {config, clock}: CallContext): Facts {
  return {
    direction: Direction.startsWith('outbound') ? 'outbound' : 'inbound',
    ...redactedParties({caller: From, callee: To}, config),
    edgeUrl,
    receivedAt: String(clock.wall()),
  };
}
