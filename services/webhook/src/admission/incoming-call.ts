import {type Ring, ringParameters} from '@voicebridge/shared/protocol/worker-rpc.ts';
import type {Ticket} from '@voicebridge/shared/protocol/ids.ts';
import type {CallEntry, Facts, ServedCall} from '@voicebridge/shared/call-directory/call-directory.ts';
import {background, logOfCall} from '@voicebridge/shared/observability/log.ts';
import type {Limit} from '@voicebridge/shared/observability/metric-labels.ts';
import {assignCall} from '@voicebridge/shared/fleet/assign-call.ts';
import type {RedisTrouble} from '@voicebridge/shared/redis/redis-trouble.ts';
import {ticketKey} from '@voicebridge/shared/redis/keys.ts';
import {retryWithin, within} from '@voicebridge/shared/retry.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallContext} from './call-context.ts';
import {endCall} from './call-status.ts';
import {connectAnswer, intendedAnswer} from './answer-for.ts';
import type {CallAnswer} from './call-answer.ts';
import type {CallRequest} from './call-request.ts';
import {chooseEdge} from './choose-edge.ts';
import {overloadAnswer} from './overload.ts';
import {redactNumbers} from './redact-numbers.ts';
import {limitReached, notBegun, payerFactsOf} from './ask-ledger.ts';

/** Redis has this long to store a ticket; on a Cluster another one is then made, which another shard may store. */
const STORED_WITHIN: Millis = 150;
/** So many tickets are made at most. The last one is waited for. */
const MOST_TICKETS = 4;

/** How long a caller hears it ring while Redis does not answer. */
const PATIENCE_MS = 3_000;
/** Troubles that may be over in a moment: Redis is unavailable, was started again and reads its data, or a Cluster elects a master. */
const PASSING: ReadonlySet<RedisTrouble> = new Set(['no-answer', 'loading', 'cluster-down']);

/** A caller for whom there may be a place waits this long at most, requests and pauses together… */
const HOLD_AT_MOST_SECONDS = 20;
/** …and the carrier asks again this often. */
const PAUSE_SECONDS = 1;

/** The call is refused. */
interface Limited {
  readonly limit: Limit;
}

/** A party that a carrier names at greater length is no number. */
const LONGEST_PARTY = 300;

/** No worker has accepted the call yet, and not all living workers have said that they are full: one may accept it soon. */
class NoWorkerAnswered extends Error {
  override readonly name = 'NoWorkerAnswered';
}

/**
 * What a caller gets whose call comes in: finds an owner and an edge and connects the call, or gives the answer for a
 * fleet without a place. Asked again about the same call, it gives the same answer. Rejects when Redis does not answer in
 * three seconds.
 */
export async function incomingCall(request: CallRequest, context: CallContext): Promise<CallAnswer> {
  const {bus, clock, config, held, metrics, traces} = context;
  held.back(request.callSid);
  if (request.isOver) {
    endCall(request.callSid, 'caller.hung-up', context);
    return {kind: 'nothing'};
  }
  const receivedAt = clock.now();
  /** The tickets that were made for this request. */
  const tickets = new Set<Ticket>();
  const span = traces.begin('POST /incoming-call', {
    at: clock.wall(),
    kind: 'server',
    facts: {'http.route': '/incoming-call', 'voicebridge.call_sid': request.callSid},
  });
  const {traceparent} = span;
  const answered = (result: string) => {
    metrics.callsTotal.inc({result});
    span.end(clock.wall(), {facts: {'voicebridge.result': result}});
  };
  const admit = async (): Promise<ServedCall | Limited | 'full' | 'over' | 'unwanted'> => {
    const known = await knownCall(request, context);
    if (known) return known;
    // A call that cannot be written to Redis can have no owner.
    const trouble = bus.trouble();
    if (trouble !== undefined && !PASSING.has(trouble)) return 'full';
    const admitted = await once(request, context, async () => {
      const limit = await limitReached(request, context);
      return limit === undefined ? await newCall(request, {tickets, traceparent}, context) : {limit};
    });
    if (typeof admitted === 'object' && 'owner' in admitted)
      metrics.admissionSeconds.observe((clock.now() - receivedAt) / 1_000);
    return admitted;
  };
  const call = await retryWithin(admit, {clock, budgetMs: PATIENCE_MS}).catch((thrown: unknown) => {
    if (thrown instanceof NoWorkerAnswered) return 'unanswered' as const;
    span.end(clock.wall(), {failed: 'Redis stays away'});
    throw thrown;
  });
  if (call === 'unwanted') {
    logOfCall(context.log, request.callSid).warn(
      {out: request.out?.id},
      'a call that nobody wants any more is hung up',
    );
    answered('repeated');
    return {kind: 'hangUp'};
  }
  if (call === 'over') {
    // Somebody sends a request again that was seen: neither a place nor a session of the model is spent on it.
    answered('repeated');
    return {kind: 'hangUp'};
  }
  if (typeof call === 'object' && 'limit' in call) {
    logOfCall(context.log, request.callSid).warn(call, 'call refused: a limit is reached');
    answered('limited');
    return {kind: 'hangUp', say: config.LIMIT_SAY};
  }
  if (call === 'full' || call === 'unanswered') {
    const waited = request.waited + Math.ceil((clock.now() - receivedAt) / 1_000) + PAUSE_SECONDS;
    const log = logOfCall(context.log, request.callSid);
    // A caller who waits for a place already (OVERLOAD=hold) waits by that rule alone.
    const inTime = waited + PATIENCE_MS / 1_000 <= HOLD_AT_MOST_SECONDS;
    if (call === 'unanswered' && request.held === 0 && inTime && !held.leaving) {
      log.info({waited}, 'caller held: no worker has answered yet');
      answered('held');
      held.hold(request.callSid, PAUSE_SECONDS);
      return {kind: 'hold', seconds: PAUSE_SECONDS, again: {waited, out: request.out}};
    }
    log.warn({answer: config.OVERLOAD, held: request.held, waited, why: call}, 'no place for a call');
    answered('overload');
    // The caller is hung up, so a worker that accepts the call now must find it ended.
    if (call === 'unanswered' && config.OVERLOAD === 'say') endCall(request.callSid, 'caller.hung-up', context);
    const {overloadSay = config.OVERLOAD_SAY} = context.says.for(request);
    // Somebody whom we have called is not told that our lines are busy.
    const answer: CallAnswer = request.out
      ? {kind: 'hangUp'}
      : overloadAnswer({...config, OVERLOAD_SAY: overloadSay}, request.held);
    if (answer.kind !== 'hold') background(notBegun(request, context), log, 'uncounting a call');
    return answer;
  }
  const isNew = call.ticket !== undefined && tickets.has(call.ticket);
  answered(isNew ? 'admitted' : 'repeated');
  if (isNew) {
    const facts = {owner: call.owner, epoch: call.epoch, tookMs: Math.round(clock.now() - receivedAt)};
    const waited = request.waited > 0 ? {waited: request.waited} : {};
    logOfCall(context.log, call.callSid, traceparent).info({...facts, ...waited}, 'call admitted');
  }
  return intendedAnswer(call, config) ?? connectAnswer(call, config, {welcome: config.WELCOME_SAY});
}

/** What the answer would look like, for an operator who tries it out without a call. Only where nothing is validated. */
export async function previewAnswer({fleet, bus, clock, random, config}: CallContext): Promise<CallAnswer> {
  const edge = await chooseEdge({fleet, bus, clock, random, config});
  const edgeUrl = edge === 'full' ? config.PUBLIC_EDGE_URL : edge.url;
  return {kind: 'preview', edgeUrl, says: config.WELCOME_SAY === undefined ? [] : [config.WELCOME_SAY]};
}

async function knownCall({callSid}: CallRequest, {directory, config}: CallContext): Promise<CallEntry | undefined> {
  const call = await directory.read(callSid);
  if (call?.state !== 'ended' || config.TWILIO_VALIDATE) return call;
  // A test tool may use the same id for every call; carriers never do.
  await directory.forget(callSid);
  return undefined;
}

/** The carrier may ask twice at once, two webhooks: the second waits until the call is known, or is held like the first. */
async function once<Result>(
  {callSid}: CallRequest,
  {directory, log, config}: CallContext,
  admit: () => Promise<Result>,
): Promise<Result | 'over'> {
  const started = await directory.startAdmission(callSid);
  if (started === 'underway') throw new NoWorkerAnswered('an owner is being found for this call already');
  // A test tool may use the same id for every call; carriers never do.
  if (started === 'over' && config.TWILIO_VALIDATE) return 'over';
  try {
    return await admit();
  } finally {
    background(directory.endAdmission(callSid), log, 'an admission is over');
  }
}

async function newCall(
  request: CallRequest,
  {tickets, traceparent}: {readonly tickets: Set<Ticket>; readonly traceparent: string},
  context: CallContext,
): Promise<ServedCall | 'full' | 'unwanted'> {
  const {directory, log} = context;
  const {callSid} = request;
  const {out} = request;
  const made = out && (await context.callsOut?.answered(out.id, out.attempt, callSid));
  // Nobody speaks to somebody who was called for a reason that nobody knows.
  if (out && !made) return 'unwanted';
  // Nor waits for an assistant that was there when the call was asked for, and is not any more.
  if (made && context.says.has(made.assistant) === false) {
    logOfCall(log, callSid).error({assistant: made.assistant}, 'no worker has the assistant that was to speak');
    return 'unwanted';
  }
  const edge = await chooseEdge(context);
  if (edge === 'full') return 'full';
  const facts = {...factsOfCall(request, edge.url, context), traceparent};
  const ticket = await storedTicket(request, context);
  tickets.add(ticket);
  const assigned = await assignCall(context, {
    callSid,
    epoch: 0,
    ticket,
    assistant: made?.assistant ?? 'default',
    facts,
    ring: {...ringOf(request), ...(made ? {variables: {...made.variables}} : {})},
    traceparent,
    cause: 'new',
  });
  if (assigned.assigned) return assigned.call;
  // The last place may have gone to this very call, by the request of another webhook.
  const call = await directory.read(callSid);
  if (call?.state === 'live') return call;
  // A worker that accepts the call too late has it with this ticket, and the caller comes back for it.
  if (assigned.why !== 'full') throw new NoWorkerAnswered('no worker answers');
  background(directory.takeTicket(ticket), log, 'taking back a ticket');
  return 'full';
}

/** A ticket that Redis has: it must exist before the carrier gets it. A new call is in epoch 1 once it has an owner. */
async function storedTicket({callSid}: CallRequest, {directory, bus, clock, newTicket}: CallContext): Promise<Ticket> {
  const isWell = (ticket: Ticket) => bus.wellSince(ticketKey(ticket)) !== undefined;
  for (let made = 1; ; made += 1) {
    const some = Array.from({length: MOST_TICKETS}, newTicket);
    const ticket = some.find(isWell) ?? newTicket();
    const stored = directory.putTicket(ticket, {callSid, epoch: 1}).then(() => true);
    if (made === MOST_TICKETS) await stored;
    if (await within(clock, STORED_WITHIN, stored).catch(() => false)) return ticket;
  }
}

/** Who calls whom. The worker that is asked decides by it which assistant answers; it is not stored. */
function ringOf({caller, callee, direction, parameters}: CallRequest): Ring {
  const said = (party: string | undefined) => party?.slice(0, LONGEST_PARTY);
  return {direction, caller: said(caller), callee: said(callee), parameters: ringParameters(parameters)};
}

function factsOfCall(
  {caller, callee, direction, via}: CallRequest,
  edgeUrl: string,
  {config, clock, key}: CallContext,
): Facts {
  return {
    direction,
    ...(via === undefined ? {} : {via}),
    ...redactNumbers({caller, callee}, config),
    ...payerFactsOf({caller, callee, direction}, key),
    edgeUrl,
    receivedAt: String(clock.wall()),
  };
}
