import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import {messageOf} from '@voicebridge/shared/errors.ts';
import {background, logOfCall} from '@voicebridge/shared/observability/log.ts';
import {
  type AwayOutcome,
  type AwayPlan,
  outcomeOf,
  personFact,
  personOf,
  planOf,
} from '@voicebridge/shared/protocol/away.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {retryWithin, sleep} from '@voicebridge/shared/retry.ts';
import type {Dialled} from '../calls-out/carrier-out.ts';
import {legOf} from './answer-for.ts';
import type {CallAnswer, WayBack} from './call-answer.ts';
import type {CallContext} from './call-context.ts';
import type {CallRequest} from './call-request.ts';
import {reportUnknown} from './report-unknown.ts';

/** For so long a caller hears nothing at all while the carrier is asked to call the person. */
const ASKED_WITHIN_MS = 4_000;
/** Longer than any Redis outage that calls survive, and than the carrier's limit of requests lasts. */
const PATIENCE_MS = 10_000;
/** Who still hears music so long after it was decided that they come back was not brought back. */
const UNDERWAY_MS = 5_000;

/**
 * A caller and a person meet in a conference: the carrier calls the person by a call of its own while the caller hears
 * music. Where that cannot be done the person is dialled as in any other transfer, which is the answer undefined; a number
 * that the carrier will not call at all is `refused`.
 */
export async function meeting(
  plan: AwayPlan,
  request: CallRequest,
  call: CallEntry,
  context: CallContext,
): Promise<{readonly answer: CallAnswer} | {readonly outcome: AwayOutcome} | undefined> {
  const {people, directory, log} = context;
  const {callSid, epoch} = call;
  const told = logOfCall(log, callSid);
  const answer = {answer: music(plan, call)};
  if (personOf(call)?.away === plan.away) return answer;
  const from = [request.callee, request.caller][request.direction === 'inbound' ? 0 : 1];
  if (!people || !/^\+\d/.test(from ?? '')) {
    const why = people ? 'no number of ours is in the call' : 'TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are not set';
    told.warn({why}, 'a person is dialled, although the caller was to hear music');
    return undefined;
  }
  const {to, ringSeconds, away} = plan;
  const rung = await asked(people.ring({to, from: from ?? '', ringSeconds, callSid, away}), context);
  if (rung.outcome !== 'placed') {
    told.warn({reason: rung.reason, outcome: rung.outcome}, 'the carrier does not call a person');
    return rung.outcome === 'refused' && !rung.again ? {outcome: 'refused'} : undefined;
  }
  const person = personFact({away, callSid: rung.callSid});
  const isWritten = await directory.intend(callSid, epoch, 'migrate', person).catch(() => false);
  const now = isWritten ? await directory.read(callSid).catch(() => undefined) : undefined;
  if (now && personOf(now)?.callSid === rung.callSid) return answer;
  // The call has another owner or is over, or another request about it was faster: that one rings.
  await people.hangUp(rung.callSid).catch((thrown: unknown) => told.warn({err: thrown}, 'a person is rung in vain'));
  throw new Error('the call has changed while a person was called');
}

/** The carrier’s answer, unless it takes longer than a caller should hear silence. */
async function asked(ringing: Promise<Dialled>, {clock}: Pick<CallContext, 'clock'>): Promise<Dialled> {
  const late: Dialled = {outcome: 'unknown', reason: `no answer within ${ASKED_WITHIN_MS / 1_000} s`};
  const failed = (thrown: unknown): Dialled => ({outcome: 'unknown', reason: messageOf(thrown)});
  return await Promise.race([ringing.catch(failed), sleep(clock, ASKED_WITHIN_MS).then(() => late)]);
}

const music = (plan: AwayPlan, call: CallEntry): CallAnswer => ({
  kind: 'meet',
  room: roomOf(call.callSid, plan),
  back: {callSid: call.callSid, away: plan.away, leg: legOf(call)},
  ringSeconds: plan.ringSeconds,
});

/** The conference in which a caller and a person meet. */
export const roomOf = (callSid: CallSid, {away}: Pick<AwayPlan, 'away'>): string => `${callSid}-${away}`;

/** What the carrier reports about the call to a person: it is over, and how. */
export interface PersonGone {
  /** The call of the caller. */
  readonly callSid: CallSid;
  readonly away: number;
  /** The call to the person. */
  readonly person: string;
  readonly outcome: AwayOutcome;
}

/** Decides that a caller comes back, once for all who ask. Returns undefined where that is decided already. */
export type ComeBack = (call: CallEntry, outcome: AwayOutcome, context: CallContext) => Promise<WayBack | undefined>;

/** The call to a person is over. Unless they have taken the caller, the caller is brought back. */
export function personGone(
  {callSid, away, person, outcome}: PersonGone,
  context: CallContext,
  comeBack: ComeBack,
): void {
  const {directory, clock, log} = context;
  const bring = async () => {
    const call = await directory.read(callSid);
    if (!call) return reportUnknown('person', callSid, context);
    const isAway = planOf(call)?.away === away;
    const known = personOf(call);
    // The carrier may report the end of a call before it has answered the request for it.
    if (isAway && known?.away !== away) throw new Error('nobody was called');
    if (known?.away !== away || known.callSid !== person) return;
    const came = isAway ? outcomeOf(call, away) : undefined;
    // They took the caller, and may have left before the two met: then nothing else ends the music.
    if (came === 'accepted' || call.state === 'ended')
      return await bringBack({callSid, away, leg: legOf(call)}, 'accepted', context);
    if (!isAway || call.intent !== 'migrate' || came !== undefined) return;
    const back = await comeBack(call, outcome, context);
    if (back) await bringBack(back, outcome, context);
  };
  background(retryWithin(bring, {clock, budgetMs: PATIENCE_MS}), log, 'bringing a caller back whom nobody took');
}

/**
 * A caller hears music, from its beginning. If their person is gone and nobody has brought them back (a report got lost,
 * the carrier refused, a webhook died), it is done now.
 */
export function callerHearsMusic(back: WayBack, context: CallContext, comeBack: ComeBack): void {
  const {callSid, away} = back;
  const {people, directory, clock, log} = context;
  const look = async () => {
    const call = await directory.read(callSid);
    if (!people || !call) return;
    const known = planOf(call)?.away === away ? outcomeOf(call, away) : undefined;
    if (known !== undefined && known !== 'accepted') {
      await sleep(clock, UNDERWAY_MS);
      const now = await directory.read(callSid);
      if (now && planOf(now)?.away === away) await bringBack(back, known, context);
      return;
    }
    const person = personOf(call);
    if (person?.away !== away) return;
    const found = await people.find(person.callSid);
    const outcome = found ? outcomeOfStatus(found.status) : 'failed';
    if (outcome) personGone({callSid, away, person: person.callSid, outcome}, context, comeBack);
  };
  background(retryWithin(look, {clock, budgetMs: PATIENCE_MS}), log, 'looking after a caller who hears music');
}

async function bringBack(back: WayBack, outcome: AwayOutcome, {people, clock, log}: CallContext): Promise<void> {
  if (!people) return;
  await retryWithin(() => people.bringBack(back, outcome), {clock, budgetMs: PATIENCE_MS});
  logOfCall(log, back.callSid).info({outcome}, 'a caller is brought back');
}

/** The outcome of a call to a person who has not taken the caller; undefined while it goes on. */
export function outcomeOfStatus(status: string): AwayOutcome | undefined {
  return OF_STATUS[status];
}

const OF_STATUS: Readonly<Record<string, AwayOutcome>> = {
  completed: 'declined',
  busy: 'busy',
  'no-answer': 'no-answer',
  canceled: 'no-answer',
  failed: 'failed',
};

/** The caller has hung up: nobody is called or talks any more on their account. */
export function letPersonGo(callSid: CallSid, {people, directory, clock, log}: CallContext): void {
  if (!people) return;
  const letGo = async () => {
    const call = await directory.read(callSid);
    const person = call && personOf(call);
    if (person && planOf(call)?.away === person.away) await people.hangUp(person.callSid);
  };
  background(retryWithin(letGo, {clock, budgetMs: PATIENCE_MS}), log, 'hanging up on a person whose caller is gone');
}
