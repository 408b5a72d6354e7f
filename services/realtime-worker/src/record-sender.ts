import type {AnalyticsQueue} from '@voicebridge/shared/analytics-queue.ts';
import type {CallFinished} from '@voicebridge/shared/call-record.ts';
import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Log} from '@voicebridge/shared/log.ts';
import type {Metrics} from '@voicebridge/shared/metrics.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {recordCall, type TranscriptPolicy} from './call-summary.ts';
import type {JournalEntry} from './journal-entry.ts';

export interface SenderDeps {
  readonly queue: AnalyticsQueue;
  readonly directory: CallDirectory;
  readonly transcripts: TranscriptPolicy;
  readonly metrics: Metrics;
  readonly log: Log;
}

/**
 * Sends the record of a finished call to analytics, and only then ends the call in the directory: whoever dies between
 * the two leaves an orphan that is found and recorded again, never a call without a record.
 */
export async function sendRecord(
  {callSid, epoch, entries}: {callSid: CallSid; epoch: number; entries: readonly JournalEntry[]},
  {queue, directory, transcripts, metrics, log}: SenderDeps,
): Promise<void> {
  let parts: CallFinished[] | undefined;
  try {
    parts = recordCall(entries, transcripts);
  } catch (thrown) {
    // A bug in one figure must not keep the call open for ever.
    log.error({err: thrown, callSid}, 'bug: no record can be made of this call');
  }
  if (parts) {
    await queue.send(parts);
    metrics.callsTotal.inc({result: parts[0]?.summary.endReason ?? 'unknown'});
  }
  metrics.recordsTotal.inc({outcome: parts ? 'sent' : 'impossible'});
  await directory.end(callSid, epoch);
}
