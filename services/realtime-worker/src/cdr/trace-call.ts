import type {CallFinished, InterruptionRecord, TurnRecord} from '@voicebridge/shared/cdr/call-record.ts';
import {END_REASONS} from '@voicebridge/shared/cdr/end-reasons.ts';
import type {SpanEvent, Traces} from '@voicebridge/shared/observability/trace.ts';

/**
 * Sends the spans of a finished call: one for the call, one for each turn, one for each tool call. They are made from
 * the call record, so the trace of a call that moved between workers is complete, and a live call has no tracing cost.
 */
export function traceCall(parts: readonly CallFinished[], traces: Traces): void {
  const summary = parts[0]?.summary;
  if (!summary) return;
  const {startedAt, endedAt, endReason} = summary;
  const call = traces.begin('call', {
    at: startedAt,
    parent: summary.traceparent,
    facts: {
      'voicebridge.call_sid': summary.callSid,
      'voicebridge.assistant': summary.assistant,
      'voicebridge.worker': summary.worker,
      'voicebridge.end_reason': endReason,
      'voicebridge.turns': summary.turns,
      'voicebridge.barge_ins': summary.bargeIns,
      'voicebridge.epoch': summary.epoch,
      'gen_ai.request.model': summary.model,
      'gen_ai.usage.input_tokens': summary.tokens.inputText + summary.tokens.inputAudio,
      'gen_ai.usage.output_tokens': summary.tokens.outputText + summary.tokens.outputAudio,
    },
    events: parts
      .flatMap(({failovers}) => failovers)
      .map(({kind, at, gapMs}) => ({
        name: kind,
        at: startedAt + at,
        facts: {'voicebridge.gap_ms': gapMs ?? undefined},
      })),
  });
  for (const {turns, interruptions, toolCalls} of parts) {
    for (const turn of turns) {
      const traceparent = traceTurn(turn, interruptions, {startedAt, parent: call.traceparent, traces});
      for (const tool of toolCalls.filter(each => each.turn === turn.turn)) {
        const at = startedAt + tool.at;
        traces
          .begin(`tool ${tool.name}`, {at, parent: traceparent})
          .end(at + (tool.durationMs ?? 0), {failed: tool.ok ? undefined : 'the tool failed'});
      }
    }
  }
  call.end(endedAt, {failed: END_REASONS[endReason].isFailure ? endReason : undefined});
}

interface TraceContext {
  readonly startedAt: number;
  readonly parent: string;
  readonly traces: Traces;
}

/** One turn's span: from the caller's first word, if there was one, until the answer was heard. Returns its traceparent. */
function traceTurn(
  turn: TurnRecord,
  interruptions: readonly InterruptionRecord[],
  {startedAt, parent, traces}: TraceContext,
): string {
  const steps = [
    ['speech began', turn.callerStartedAt],
    ['speech ended', turn.callerEndedAt],
    ['end of turn', turn.decidedAt],
    ['first delta', turn.firstDeltaAt],
    ['first audio', turn.audioStartedAt],
    ['last audio', turn.audioEndedAt],
  ] as const;
  const events = steps.flatMap(([name, at]): SpanEvent[] => (at === null ? [] : [{name, at: startedAt + at}]));
  for (const {turn: number, at, false: isFalse} of interruptions)
    if (number === turn.turn) events.push({name: isFalse ? 'false interruption' : 'interruption', at: startedAt + at});
  const moments = events.map(({at}) => at);
  const span = traces.begin('turn', {
    at: moments.length === 0 ? startedAt : Math.min(...moments),
    parent,
    facts: {
      'voicebridge.turn': turn.turn,
      'voicebridge.cause': turn.cause,
      'voicebridge.interrupted': turn.interrupted,
      'voicebridge.response_status': turn.responseStatus ?? undefined,
      'voicebridge.platform_turn_gap_ms': turn.platformTurnGapMs ?? undefined,
      'voicebridge.worker': turn.worker,
      'gen_ai.request.model': turn.model,
    },
    events,
  });
  span.end(Math.max(startedAt, ...moments), {
    failed: turn.responseStatus === 'failed' ? 'the model gave no answer' : undefined,
  });
  return span.traceparent;
}
