import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import {background, logOfCall, type Log} from '@voicebridge/shared/observability/log.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {retryWithin} from '@voicebridge/shared/retry.ts';
import type {CallContext} from './call-context.ts';
import {isOver, type TwilioRequest} from '../carriers/twilio/request.ts';

/** Longer than any outage that calls survive. */
const PATIENCE_MS = 10_000;

/** Twilio tells what became of a call. Only the end matters, and often we know it already. */
export function callStatus(request: TwilioRequest, context: CallContext): void {
  if (isOver(request)) endCall(request.CallSid, 'caller.hung-up', context);
}

/**
 * Tells the owner of a call that it is over, whoever that is by now: an owner that dies just then cannot hear it. Nobody
 * waits. If nobody else takes the call, whoever finds the orphan writes its record. A call that has no owner yet is
 * closed: a worker that says yes to it late finds it over, and keeps neither a place nor a model session for it.
 */
export function endCall(
  callSid: CallSid,
  why: Extract<EndReason, 'caller.hung-up' | 'operator.hung-up'>,
  {id, directory, workerClient, clock, log}: Pick<CallContext, 'id' | 'directory' | 'workerClient' | 'clock' | 'log'>,
): void {
  const tell = async () => {
    const call = await directory.read(callSid);
    if (!call) {
      const {won} = await directory.claim(callSid, {epoch: 0, owner: id, at: clock.wall()});
      if (!won) throw new Error('a worker took the call just now');
      await directory.end(callSid, 1);
      return;
    }
    if (call.state !== 'live') return;
    const {answer} = await workerClient.ask(call.owner, {type: 'end', callSid, why});
    if (answer !== 'yes') throw new Error(`the owner ${call.owner} says ${answer}`);
    logOfCall(log, callSid).info({owner: call.owner, answer}, 'owner told that the call is over');
  };
  background(retryWithin(tell, {clock, budgetMs: PATIENCE_MS}), log, 'telling an owner that its call is over');
}

/** Twilio tells what became of a stream: the only sign there is when the socket could not even be opened. */
export function streamStatus(form: Readonly<Record<string, unknown>>, log: Log): void {
  const text = (name: string) => (typeof form[name] === 'string' ? form[name] : undefined);
  const event = text('StreamEvent');
  // The wording changes; the number does not.
  const code = /\b\d{5}\b/.exec(text('StreamError') ?? '')?.[0];
  const facts = {callSid: text('CallSid'), streamSid: text('StreamSid'), event, code};
  if (event === 'stream-error') log.warn(facts, 'stream failed');
  else log.debug(facts, 'stream status');
}
