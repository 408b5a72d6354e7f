import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import {background} from '@voicebridge/shared/observability/log.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallDeps, CallOutcome} from './call-deps.ts';
import type {CallParts} from './wire-call.ts';

/** The outcome is reported at the latest this long after the end, even if Redis does not take the journal. */
const FINISH_WITHIN: Millis = 2_000;

/** The call has ended here, and its journal says so. Resolves with the outcome: it may have gone on with another worker. */
export async function finishCall(
  callSid: CallSid,
  reason: EndReason,
  {journal, log, spend}: Pick<CallParts, 'journal' | 'log' | 'spend'>,
  {clock, toolLedger}: Pick<CallDeps, 'clock' | 'toolLedger'>,
): Promise<CallOutcome> {
  await Promise.race([journal.written(), sleep(clock, FINISH_WITHIN)]);
  // It is still in progress then, and its tools must not run twice.
  if (journal.fenced) return {how: 'moved'};
  spend.over();
  background(toolLedger.forget(callSid), log, 'forgetting the tools of a call');
  return {how: 'ended', reason, entries: journal.entries, epoch: journal.epoch};
}
