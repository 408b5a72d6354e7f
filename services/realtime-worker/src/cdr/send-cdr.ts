import type {AnalyticsQueue} from '@voicebridge/shared/cdr/analytics-queue.ts';
import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import {logOfCall, type Log} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {CallSid, ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import type {Traces} from '@voicebridge/shared/observability/trace.ts';
import {retryUntilAborted} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {buildCdr, type TranscriptPolicy} from './build-cdr.ts';
import {callEndedFacts} from './call-ended-line.ts';
import {traceCall} from './trace-call.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import type {JournalSeal} from '../events/journal-seal.ts';

export interface SendCdrDeps {
  readonly queue: AnalyticsQueue;
  readonly directory: CallDirectory;
  readonly sealOf: (callSid: CallSid) => JournalSeal;
  /** The worker that sends the record. */
  readonly worker: ProcessId;
  readonly transcripts: TranscriptPolicy;
  readonly metrics: Metrics;
  readonly traces: Traces;
  readonly log: Log;
}

/** A call that is over, with its journal. */
export interface FinishedCall {
  readonly callSid: CallSid;
  readonly epoch: number;
  readonly entries: readonly JournalEntry[];
}

/** Between the tries to send one record. A record that is not sent then stays open: the orphan sweep finds it. */
const RETRY_DELAYS_MS: readonly Millis[] = [500, 1_000, 2_000, 4_000, 8_000, 15_000];

/** Sends a record, again after each failure of Redis, for half a minute or until `signal` aborts. Never rejects. */
export async function sendCdrWithRetries(
  call: FinishedCall,
  deps: SendCdrDeps,
  {clock, signal}: {readonly clock: Clock; readonly signal: AbortSignal},
): Promise<void> {
  const tell = tellOnce(deps.log);
  await retryUntilAborted(() => sendCdr(call, deps, tell), {
    clock,
    signal,
    pauseMs: RETRY_DELAYS_MS,
    onFailure(thrown, {againInMs}) {
      deps.metrics.recordsTotal.inc({outcome: 'failed'});
      deps.log.error({err: thrown, callSid: call.callSid, again: againInMs}, 'record not sent');
    },
  });
}

/**
 * Sends the record of a finished call to analytics, and only then marks the call as ended in the directory. A worker that
 * dies between the two leaves an orphaned call, which the orphan sweep records again; analytics keeps one record per
 * call. If another worker owns the call by now, that worker sends the record.
 */
export async function sendCdr(
  {callSid, epoch, entries}: FinishedCall,
  {queue, directory, sealOf, worker, transcripts, metrics, traces, log}: SendCdrDeps,
  tell = tellOnce(log),
): Promise<void> {
  const call = await directory.read(callSid);
  if (call && (call.state === 'ended' || call.owner !== worker)) {
    log.info({callSid, owner: call.owner}, 'not ours to record');
    return metrics.recordsTotal.inc({outcome: 'superseded'});
  }
  const [first] = entries;
  const past = first?.is === 'snapshot' ? sealOf(callSid).read(await directory.past(callSid)) : [];
  let parts: CallFinished[] | undefined;
  try {
    parts = buildCdr([...past, ...entries], transcripts);
  } catch (thrown) {
    // A bug in one field must not keep the call open for ever.
    log.error({err: thrown, callSid}, 'bug: no record can be made of this call');
  }
  if (parts) {
    tell(parts);
    await queue.send(parts);
  }
  await directory.end(callSid, call?.epoch ?? epoch);
  // Counted and traced last: after a failure above, everything is tried again from the start.
  metrics.recordsTotal.inc({outcome: parts ? 'sent' : 'impossible'});
  if (!parts) return;
  metrics.callsTotal.inc({result: parts[0]?.summary.endReason ?? 'unknown'});
  traceCall(parts, traces);
}

/** Logs the end of the call when its record is first made, however often it is sent: also while Redis takes no record. */
function tellOnce(log: Log): (parts: readonly CallFinished[]) => void {
  let isTold = false;
  return parts => {
    const [first] = parts;
    if (isTold || !first) return;
    isTold = true;
    const {callSid, traceparent} = first.summary;
    logOfCall(log, callSid, traceparent).info(callEndedFacts(parts), 'call ended');
  };
}
