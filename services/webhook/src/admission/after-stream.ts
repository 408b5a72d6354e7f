import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import {logOfCall} from '@voicebridge/shared/observability/log.ts';
import {outcomeFact} from '@voicebridge/shared/protocol/away.ts';
import {retryWithin, sleep} from '@voicebridge/shared/retry.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import type {CallContext} from './call-context.ts';
import {absenceOf, isTaken, keysBefore, onward} from './absence.ts';
import {connectAnswer, intendedAnswer, legOf} from './answer-for.ts';
import {SORRY, type CallAnswer, type WayBack} from './call-answer.ts';
import type {CallRequest} from './call-request.ts';
import {chooseEdge} from './choose-edge.ts';
import {endCall} from './call-status.ts';
import {letPersonGo} from './meeting.ts';

/** How long a caller hears silence while Redis does not answer. */
const PATIENCE_MS = 3_000;
/** For so long an unknown call is looked up again: if Redis has lost it, its owner puts it back. */
const FORGOTTEN_MS = 2_000;
/** A stream that lived this long does not count as one of several that failed in a row. */
const LIVED_MS = 60_000;
/** Between two streams of a call that are lost in a row. The first new one follows the loss at once. */
const BETWEEN_STREAMS_MS = 1_000;
/** No call is given up sooner after the first of these losses: a process restarts, and Redis fails over, in less time. */
const NOT_GIVEN_UP_BEFORE_MS = 8_000;
/** How often a call may change its owner while its next stream is decided on. */
const TRIES = 5;

/**
 * What a caller gets after a stream. A stream ends because it was meant to, because the caller hung up, or by accident.
 * After an accident the caller gets another stream, and the owner of the call goes on. Where stream after stream is lost,
 * one is tried each second. A caller who is to go elsewhere for a while goes there, and gets a stream when they are back. Asked again about the same stream, it gives the same answer. Rejects when Redis does not
 * answer in three seconds.
 */
export async function afterStream(request: CallRequest, context: CallContext): Promise<CallAnswer> {
  const {clock, metrics, log} = context;
  if (request.isOver) {
    letPersonGo(request.callSid, context);
    const isTransferred = request.away?.outcome === 'accepted';
    endCall(request.callSid, isTransferred ? 'assistant.transferred' : 'caller.hung-up', context);
    return {kind: 'nothing'};
  }
  const askedAt = clock.now();
  const answered = traceOf(request, context);
  const find = async () => {
    const next = await nextStream(request, context);
    if (!next.call && clock.now() - askedAt < FORGOTTEN_MS) throw new Error('the call is unknown');
    return next;
  };
  const {call, result, answer} = await retryWithin(find, {clock, budgetMs: PATIENCE_MS}).catch((thrown: unknown) => {
    answered('failed', undefined, 'Redis stays away');
    throw thrown;
  });
  answered(result, call);
  if (!call) return {kind: 'hangUp'};
  if (result === 'given-up') {
    logOfCall(log, call.callSid, call.facts['traceparent']).warn({}, 'stream lost too often');
    metrics.callsTotal.inc({result});
    return {kind: 'hangUp', say: SORRY};
  }
  const intended = answer ?? intendedAnswer(call, context.config);
  if (result === 'away' || result === 'returned') metrics.callsTotal.inc({result});
  if (intended) return intended;
  if (result === 'resumed') metrics.callsTotal.inc({result});
  return connectAnswer(call, context.config, {keys: keysBefore(call)});
}

/** What becomes of a call whose stream has ended. Without `call` the directory does not have it. */
interface Next {
  readonly call?: CallEntry;
  readonly result: 'unknown' | 'decided' | 'repeated' | 'given-up' | 'resumed' | 'away' | 'returned';
  /** For a caller who goes away from the assistant, or does not come back. */
  readonly answer?: CallAnswer;
}

async function nextStream(request: CallRequest, context: CallContext): Promise<Next> {
  const {callSid, leg} = request;
  const {directory, config, log, clock} = context;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const call = await directory.read(callSid);
    if (!call) return {result: 'unknown'};
    if (intendedAnswer(call, config)) return {call, result: 'decided'};
    if (isTaken(call)) return {call, result: 'decided', answer: {kind: 'hangUp'}};
    // The next stream has been decided on already: the request came twice.
    if (leg !== undefined && leg !== legOf(call)) return {call, result: 'repeated'};
    const plan = absenceOf(call);
    const next = plan && (await onward(plan, request, call, context));
    if (next && 'answer' in next) return {call, result: 'away', answer: next.answer};
    const outcome = plan && next && outcomeFact({away: plan.away, outcome: next.outcome});
    const lostAt = clock.wall();
    const row = lossesInARow(call, lostAt);
    const isMoved = call.intent === 'migrate';
    if (!isMoved && isGivenUp(row, lostAt, config.MAX_ATTEMPTS)) return {call, result: 'given-up'};
    if (!isMoved) await sleep(clock, row.pauseMs);
    const edge = await chooseEdge(context, call);
    const edgeUrl = edge === 'full' ? config.PUBLIC_EDGE_URL : edge.url;
    const ticket = context.newTicket();
    await directory.putTicket(ticket, {callSid, epoch: call.epoch});
    const {epoch, ticket: replaces} = call;
    const given = await directory.retry(callSid, {
      epoch,
      replaces,
      ticket,
      attempts: row.attempts,
      facts: {edgeUrl, connectedAt: `${clock.wall()}`, lostSince: `${row.since}`, ...outcome},
    });
    logOfCall(log, callSid, call.facts['traceparent']).info(
      {moved: isMoved, attempts: given?.attempts, ...(next ? {outcome: next.outcome} : {})},
      next ? 'caller comes back' : 'stream ended early',
    );
    // Another request was faster: what it decided holds.
    if (given && given.ticket !== ticket) return {call: given, result: 'repeated'};
    if (given) return {call: given, result: next ? 'returned' : 'resumed'};
  }
  throw new Error('the call changes too fast');
}

/**
 * Nobody took a caller who hears music: decides what becomes of them before the carrier is asked to bring them back, so
 * that it is decided once for all reports of it. Undefined: it was decided already.
 */
export async function comeBack(
  call: CallEntry,
  outcome: AwayOutcome,
  context: CallContext,
): Promise<WayBack | undefined> {
  const {callSid} = call;
  const plan = absenceOf(call);
  if (!plan) return undefined;
  const {away} = plan;
  const back: WayBack = {callSid, away, leg: legOf(call)};
  // A message, or a sentence and the end: nothing is opened for it, so it does no harm twice.
  if (plan.ifNobody !== 'return') return back;
  const request: CallRequest = {
    callSid,
    isOver: false,
    direction: 'inbound',
    caller: undefined,
    callee: undefined,
    parameters: {},
    held: 0,
    waited: 0,
    leg: back.leg,
    away: {away, outcome},
  };
  const {result} = await nextStream(request, context);
  if (result !== 'returned') return undefined;
  context.metrics.callsTotal.inc({result});
  return back;
}

/** Streams of one call that were lost, each within a minute of being asked for. */
interface Losses {
  readonly attempts: number;
  /** When the first of them was lost, in Unix milliseconds. */
  readonly since: Millis;
  /** Until the next stream may be asked for. */
  readonly pauseMs: Millis;
}

/** The clocks of two webhooks may differ, but by far less than a minute; a pause is never longer than it should be. */
function lossesInARow({attempts, facts, startedAt}: CallEntry, now: Millis): Losses {
  const livedMs = now - Number(facts['connectedAt'] ?? startedAt);
  if (attempts === 0 || livedMs >= LIVED_MS) return {attempts: 0, since: now, pauseMs: 0};
  const pauseMs = Math.min(BETWEEN_STREAMS_MS, Math.max(0, BETWEEN_STREAMS_MS - livedMs));
  return {attempts, since: Number(facts['lostSince'] ?? 0), pauseMs};
}

function isGivenUp({attempts, since}: Losses, now: Millis, atMost: number): boolean {
  return attempts >= atMost && (attempts === 0 || now - since >= NOT_GIVEN_UP_BEFORE_MS);
}

/** The span of one request. Its trace is known only with the answer, so the span is written then, with its real begin. */
function traceOf({callSid}: CallRequest, {clock, traces}: CallContext) {
  const at = clock.wall();
  return (result: Next['result'] | 'failed', call?: CallEntry, failed?: string) => {
    const facts = {'http.route': '/after-stream', 'voicebridge.call_sid': callSid, 'voicebridge.result': result};
    const parent = call?.facts['traceparent'];
    traces.begin('POST /after-stream', {at, parent, kind: 'server', facts}).end(clock.wall(), {failed});
  };
}
