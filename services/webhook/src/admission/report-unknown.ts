import {logOfCall} from '@voicebridge/shared/observability/log.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {CallContext} from './call-context.ts';

/**
 * Counts a report of the carrier's that is about nothing we know: a call that ended long ago, that no worker ever had, or
 * that was never ours. It is answered as any other, and changes nothing.
 */
export function reportUnknown(
  about: 'call' | 'call-out' | 'person',
  callSid: CallSid,
  {metrics, log}: Pick<CallContext, 'metrics' | 'log'>,
): void {
  metrics.reportsUnknownTotal.inc({about});
  logOfCall(log, callSid).info({about}, 'the carrier reports something that nobody here knows');
}
