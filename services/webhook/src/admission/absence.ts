import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import {logOfCall} from '@voicebridge/shared/observability/log.ts';
import {
  type AwayOutcome,
  type AwayPlan,
  outcomeFact,
  outcomeOf,
  personOf,
  planOf,
} from '@voicebridge/shared/protocol/away.ts';
import {mayTransfer, queueTarget} from '@voicebridge/shared/protocol/destinations.ts';
import {retryWithin} from '@voicebridge/shared/retry.ts';
import {legOf} from './answer-for.ts';
import type {CallAnswer, WayBack} from './call-answer.ts';
import type {CallContext} from './call-context.ts';
import type {CallRequest, WhisperRequest} from './call-request.ts';
import {endCall} from './call-status.ts';
import {meeting, roomOf} from './meeting.ts';

/** How long a person who is called hears silence while Redis does not answer. */
const PATIENCE_MS = 3_000;
const NOBODY_LEAVE_A_MESSAGE =
  'I am sorry, nobody can take your call at the moment. Please leave a message after the tone.';
const NOBODY = 'I am sorry, nobody can take your call at the moment. Please call again later. Goodbye.';

/** The absence that the caller of a call is in; undefined: they are with the assistant, or the outcome is known already. */
export function absenceOf(call: CallEntry): AwayPlan | undefined {
  const plan = call.intent === 'migrate' ? planOf(call) : undefined;
  return plan && outcomeOf(call, plan.away) === undefined ? plan : undefined;
}

/** Whether a person has taken the caller, whose owner may not have said so yet. */
export function isTaken(call: CallEntry): boolean {
  const plan = call.intent === 'migrate' ? planOf(call) : undefined;
  return plan !== undefined && outcomeOf(call, plan.away) === 'accepted';
}

/** Keys that were pressed before the stream on which the caller comes back. */
export function keysBefore(call: CallEntry): string | undefined {
  const plan = planOf(call);
  return plan?.kind === 'digits' && outcomeOf(call, plan.away) === 'sent' ? plan.to : undefined;
}

/**
 * What becomes of a caller in an absence: `answer`, or they come back to the assistant, which is told the `outcome`.
 */
export type Onward = {readonly answer: CallAnswer} | {readonly outcome: AwayOutcome};

/** Decides about a caller who goes away (the request says nothing of it), or of whom the carrier reports the end of it. */
export async function onward(
  plan: AwayPlan,
  request: CallRequest,
  call: CallEntry,
  context: CallContext,
): Promise<Onward> {
  const {callSid} = call;
  const reported = request.away?.away === plan.away ? request.away.outcome : undefined;
  if (reported === undefined) {
    if (!plan.isNamed && !mayTransfer(targetOf(plan), context.config.TRANSFER_ALLOW)) return {outcome: 'refused'};
    if (plan.kind === 'digits') return {outcome: 'sent'};
    const met = plan.warm && plan.kind !== 'queue' ? await meeting(plan, request, call, context) : undefined;
    return met ?? {answer: departure(plan, request, call)};
  }
  if (reported === 'accepted') {
    endCall(callSid, 'assistant.transferred', context, {away: reported});
    return {answer: {kind: 'hangUp'}};
  }
  if (plan.ifNobody === 'voicemail') {
    endCall(callSid, 'assistant.transferred', context, {away: reported});
    return {answer: {kind: 'voicemail', say: plan.nobodySay ?? NOBODY_LEAVE_A_MESSAGE, language: plan.language}};
  }
  if (plan.ifNobody === 'hang up') {
    endCall(callSid, 'assistant.hung-up', context, {away: reported});
    return {answer: {kind: 'hangUp', say: plan.nobodySay ?? NOBODY}};
  }
  return {outcome: reported};
}

const targetOf = ({kind, to}: AwayPlan) => (kind === 'queue' ? queueTarget(to) : to);

function departure(plan: AwayPlan, {caller, callee}: CallRequest, call: CallEntry): CallAnswer {
  const {to, ringSeconds, record} = plan;
  const back: WayBack = {callSid: call.callSid, away: plan.away, leg: legOf(call)};
  if (plan.kind === 'queue') return {kind: 'queue', name: to, workflow: plan.workflow, seconds: ringSeconds, back};
  const isSip = /^sips?:/.test(caller ?? '');
  if (plan.refer && plan.kind === 'sip' && isSip) return {kind: 'refer', target: to, back};
  // The carrier shows the caller's number; a caller without one is shown as the number that they called.
  const from = /^\+\d/.test(caller ?? '') || !/^\+\d/.test(callee ?? '') ? undefined : callee;
  return {kind: 'dial', target: to, back, ringSeconds, record, from};
}

/** A person who is called for a caller has answered, or has pressed a key. What they hear before they are connected. */
export async function whisper(request: WhisperRequest, context: CallContext): Promise<CallAnswer> {
  const {directory, clock} = context;
  const {callSid, away, key, person, meets} = request;
  const find = async () => {
    const call = await directory.read(callSid);
    // A person may answer before it is written that they were called.
    if (meets && call && personOf(call)?.away !== away) throw new Error('nobody was called');
    return call;
  };
  const call = await retryWithin(find, {clock, budgetMs: PATIENCE_MS});
  const plan = call?.intent === 'migrate' ? planOf(call) : undefined;
  if (!call || plan?.away !== away || request.isOver) return {kind: 'hangUp'};
  const met = personOf(call);
  if (meets !== (met?.away === away) || (meets && met?.callSid !== person)) return {kind: 'hangUp'};
  const isWanted = plan.whisper === null || key === plan.whisper.key;
  const known = outcomeOf(call, away);
  if (known !== undefined) return known === 'accepted' && isWanted ? connected(plan, request) : {kind: 'hangUp'};
  if (isWanted) return await taken(plan, request, context);
  // Another key, or none, as from a voice mailbox: the caller is not theirs.
  if (key !== undefined || plan.whisper === null) return {kind: 'hangUp'};
  const {say, accept} = plan.whisper;
  return {kind: 'whisper', says: [say, accept], language: plan.language, callSid, away, meets};
}

/** A person takes the caller. Written before it is said: the owner may be gone by the time it is told. */
async function taken(plan: AwayPlan, request: WhisperRequest, context: CallContext): Promise<CallAnswer> {
  const {directory, clock, log} = context;
  const {callSid} = request;
  const fact = outcomeFact({away: plan.away, outcome: 'accepted'});
  const write = async () => {
    const call = await directory.read(callSid);
    const isAway = call !== undefined && absenceOf(call)?.away === plan.away;
    if (!isAway) return false;
    if (!(await directory.intend(callSid, call.epoch, 'migrate', fact))) throw new Error('the call has another owner');
    return true;
  };
  const written = await retryWithin(write, {clock, budgetMs: PATIENCE_MS}).catch((thrown: unknown) => {
    logOfCall(log, callSid).warn({err: thrown}, 'cannot say who took a caller');
    return undefined;
  });
  // The caller is with the assistant again, or gone.
  if (written === false) return {kind: 'hangUp'};
  endCall(callSid, 'assistant.transferred', context, {away: 'accepted'});
  return connected(plan, request);
}

function connected(plan: AwayPlan, {callSid, meets}: WhisperRequest): CallAnswer {
  return meets ? {kind: 'join', room: roomOf(callSid, plan), record: plan.record} : {kind: 'nothing'};
}
