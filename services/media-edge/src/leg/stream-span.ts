import type {ServedCall} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import type {Traces} from '@voicebridge/shared/observability/trace.ts';

/** Begins the span of one stream on this edge in the trace of its call. Returns the function that ends it. */
export function beginStreamSpan(
  {callSid, epoch, facts}: ServedCall,
  streamSid: StreamSid,
  {id, clock, traces}: {readonly id: ProcessId; readonly clock: Clock; readonly traces: Traces},
): (over: string) => void {
  const span = traces.begin('media stream', {
    at: clock.wall(),
    parent: facts['traceparent'],
    facts: {
      'voicebridge.call_sid': callSid,
      'voicebridge.stream_sid': streamSid,
      'voicebridge.edge': id,
      'voicebridge.epoch': epoch,
    },
  });
  return over => span.end(clock.wall(), {facts: {'voicebridge.over': over}});
}
