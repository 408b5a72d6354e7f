import type {ToolCallRecord} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from '../events/call-effect.ts';
import type {ToolOutcome} from '../events/tool-outcome.ts';

/** The tool calls that the journal knows from before this worker had the call. */
export interface RestoredTools {
  readonly toolCalls: number;
  /** By call id. A call without a result has `durationMs: null`. */
  readonly tools: ReadonlyMap<string, ToolCallRecord>;
}

/** What the call record says of each tool call: written when it begins, and again with its result. */
export class ToolRecords {
  #count: number;
  readonly #known: Map<string, ToolCallRecord>;

  constructor(restored?: RestoredTools) {
    this.#count = restored?.toolCalls ?? 0;
    this.#known = new Map(restored?.tools);
  }

  of(callId: string): ToolCallRecord | undefined {
    return this.#known.get(callId);
  }

  /** Whether a call had a result that was a success. */
  succeeded(callId: string): boolean {
    return this.#known.get(callId)?.ok === true;
  }

  /** The record of the next tool call. */
  next(call: Pick<ToolCallRecord, 'turn' | 'name' | 'at'>): ToolCallRecord {
    const record = {call: this.#count, ...call, durationMs: 0, ok: false};
    this.#count += 1;
    return record;
  }

  /** A tool began: its result is to come. */
  began(callId: string, record: ToolCallRecord): CallEffect {
    return this.#noted(callId, {...record, durationMs: null});
  }

  ended(
    callId: string,
    record: ToolCallRecord,
    {outcome, durationMs}: {readonly outcome: ToolOutcome; readonly durationMs: Millis},
  ): CallEffect {
    return this.#noted(callId, {...record, durationMs, ok: outcome.kind === 'output'});
  }

  #noted(callId: string, tool: ToolCallRecord): CallEffect {
    this.#known.set(callId, tool);
    return journal({is: 'tool', tool, callId});
  }
}
