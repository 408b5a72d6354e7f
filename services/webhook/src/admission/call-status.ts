import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import {background, logOfCall} from '@voicebridge/shared/observability/log.ts';
import type {AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import {type CallOver, overFact} from '@voicebridge/shared/protocol/call-over.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {retryWithin} from '@voicebridge/shared/retry.ts';
import type {CallContext} from './call-context.ts';
import type {CallRequest, StreamStatus} from './call-request.ts';
import {letPersonGo} from './meeting.ts';
import {reportUnknown} from './report-unknown.ts';

/** Longer than any Redis outage that calls survive. */
const PATIENCE_MS = 10_000;
/** A call that we have made has an owner within this, once it was answered. */
const UNKNOWN_FOR_MS = 5_000;

/** The carrier reports the state of a call. Only its end matters. */
export function callStatus(request: CallRequest, context: CallContext): void {
  if (!request.isOver) return;
  letPersonGo(request.callSid, context);
  // Of a call that we have made more is known than its CallSid: `reportOut` says whether anybody does.
  const unknown = request.out ? undefined : () => reportUnknown('call', request.callSid, context);
  endCall(request.callSid, 'caller.hung-up', context, {unknown});
}

/**
 * Tells the owner of a call, in the background, that the call is over. Tries again for ten seconds, because the owner may
 * just have died and another worker may take the call. If none does, the worker that finds the orphaned call writes its
 * record, and `noteEnd` tells it how the call ended. A call that has no owner yet is ended in the directory: a worker that accepts it later finds that it is over,
 * and keeps neither a place nor a model session for it.
 */
export function endCall(
  callSid: CallSid,
  why: CallOver['why'],
  context: Pick<CallContext, 'id' | 'directory' | 'fleet' | 'workerClient' | 'clock' | 'log'>,
  {away, unknown}: {readonly away?: AwayOutcome; readonly unknown?: (() => void) | undefined} = {},
): void {
  const {id, directory, workerClient, clock, log} = context;
  const over = {why, wall: Math.round(clock.wall())};
  let isNoted = false;
  const tell = async () => {
    const call = await directory.read(callSid);
    if (!call) {
      const {won} = await directory.claim(callSid, {epoch: 0, owner: id, at: clock.wall()});
      if (!won) throw new Error('a worker took the call just now');
      await directory.end(callSid, 1);
      unknown?.();
      return;
    }
    if (call.state !== 'live') return;
    const {answer} = await workerClient.ask(call.owner, {
      type: 'end',
      callSid,
      why,
      ...(away === undefined ? {} : {away}),
    });
    if (answer !== 'yes' && !isNoted) {
      await noteEnd(call, over, context);
      isNoted = true;
    }
    if (answer !== 'yes') throw new Error(`the owner ${call.owner} says ${answer}`);
    logOfCall(log, callSid).info({owner: call.owner, answer}, 'owner told that the call is over');
  };
  background(retryWithin(tell, {clock, budgetMs: PATIENCE_MS}), log, 'telling an owner that its call is over');
}

/**
 * The owner of a call does not answer: what it should have been told is written into the call's facts, for its record. A
 * caller who hung up when the owner had been gone for longer than the fleet lists it (3 s) is left out: they had heard
 * nothing for so long, and the loss of the worker ended the call.
 */
async function noteEnd(
  {callSid, epoch, owner}: Pick<CallEntry, 'callSid' | 'epoch' | 'owner'>,
  over: CallOver,
  {directory, fleet}: Pick<CallContext, 'directory' | 'fleet'>,
): Promise<void> {
  const isListed = async () => (await fleet.members('workers')).some(member => member.id === owner);
  if (over.why === 'caller.hung-up' && !(await isListed())) return;
  await directory.intend(callSid, epoch, 'hang-up', overFact(over));
}

/** The carrier reports the state of a call that we have made, or what answered it. */
export function reportOut(
  {id, attempt}: NonNullable<CallRequest['out']>,
  report: {readonly callSid: CallSid; readonly status: string; readonly answeredBy: string | undefined},
  context: Pick<CallContext, 'callsOut' | 'metrics' | 'clock' | 'log'>,
): void {
  const {callsOut, clock, log} = context;
  if (!callsOut) return reportUnknown('call-out', report.callSid, context);
  const tell = async () => {
    const isKnown = await callsOut.report(id, {attempt, ...report});
    if (!isKnown) reportUnknown('call-out', report.callSid, context);
  };
  background(retryWithin(tell, {clock, budgetMs: PATIENCE_MS}), log, 'noting what became of a call');
}

/** Tells the owner of a call that we have made what answered it, in the background. */
export function tellAnsweredBy(
  {callSid, by}: {readonly callSid: CallSid; readonly by: string},
  {directory, workerClient, clock, log}: Pick<CallContext, 'directory' | 'workerClient' | 'clock' | 'log'>,
): void {
  const knownUntil = clock.now() + UNKNOWN_FOR_MS;
  const tell = async () => {
    const call = await directory.read(callSid);
    // It may be heard before the call has an owner. Whether anybody knows the call at all, `reportOut` says.
    if (!call && clock.now() >= knownUntil) return;
    if (!call) throw new Error('nobody knows this call yet');
    if (call.state !== 'live') return;
    const {answer} = await workerClient.ask(call.owner, {type: 'answered-by', callSid, by});
    if (answer !== 'yes') throw new Error(`the owner ${call.owner} says ${answer}`);
    logOfCall(log, callSid).info({owner: call.owner, by}, 'owner told what answered its call');
  };
  background(retryWithin(tell, {clock, budgetMs: PATIENCE_MS}), log, 'telling an owner what answered its call');
}

/** The carrier reports the state of a stream: the only sign there is when the socket could not be opened. */
export function streamStatus(
  {hasFailed, hasEnded, callSid, streamSid, event, code}: StreamStatus,
  {callsOut, clock, log}: Pick<CallContext, 'callsOut' | 'clock' | 'log'>,
): void {
  const facts = {callSid, streamSid, event, code};
  if (hasFailed) log.warn(facts, 'stream failed');
  else log.debug(facts, 'stream status');
  if (!callsOut || callSid === undefined || !hasEnded) return;
  const tell = async () => await callsOut.streamEnded(callSid);
  background(retryWithin(tell, {clock, budgetMs: PATIENCE_MS}), log, 'noting that the stream of a call has ended');
}
