import {KEPT_OF_TOOL, type ToolCallRecord} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from '../events/call-effect.ts';
import type {ToolOutcome} from '../events/tool-outcome.ts';

/** The tool calls that the journal knows from before this worker had the call. */
export interface RestoredTools {
  readonly toolCalls: number;
  /** By call id. A call without a result has `durationMs: null`. */
  readonly tools: ReadonlyMap<string, ToolCallRecord>;
}

/** How a tool call ended. */
interface ToolEnd {
  readonly outcome: ToolOutcome;
  /** From the model's request to the result. */
  readonly durationMs: Millis;
  /** How long the tool itself ran; undefined: it did not, or not here. */
  readonly ranMs?: Millis | undefined;
  /** What the model was told, where the record keeps it. */
  readonly result?: string | undefined;
}

const NO_RESULT = {durationMs: 0, waitMs: null, ok: false, outcome: null, toldToWait: false, result: null};

/** Text as far as the record keeps it. No half of a character that is two units long. */
function kept(text: string | undefined): string | null {
  return text?.slice(0, KEPT_OF_TOOL).toWellFormed() ?? null;
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

  /** The record of the next tool call. `args`: what the model wrote as its arguments, where the record keeps them. */
  next(call: Pick<ToolCallRecord, 'turn' | 'name' | 'at'>, args?: string): ToolCallRecord {
    const record = {...NO_RESULT, call: this.#count, ...call, arguments: kept(args)};
    this.#count += 1;
    return record;
  }

  /** A tool began: its result is to come. */
  began(callId: string, record: ToolCallRecord): CallEffect {
    return this.#noted(callId, {...record, durationMs: null});
  }

  /** A caller who waits for the result was told so. */
  told(callId: string, record: ToolCallRecord): CallEffect[] {
    return this.#isTold(callId, record) ? [] : [this.#noted(callId, {...record, durationMs: null, toldToWait: true})];
  }

  /** A tool call ended. What it noted is written before. */
  ended(callId: string, record: ToolCallRecord, {outcome, durationMs, ranMs, result}: ToolEnd): CallEffect[] {
    const what = outcome.kind === 'failed' ? (outcome.as ?? 'failed') : 'ok';
    const ended = this.#noted(callId, {
      ...record,
      durationMs: Math.round(durationMs),
      waitMs: ranMs === undefined ? null : Math.max(0, Math.round(durationMs - ranMs)),
      ok: what === 'ok',
      outcome: what,
      toldToWait: this.#isTold(callId, record),
      result: kept(result),
    });
    const notes = outcome.kind === 'output' ? outcome.notes : undefined;
    return notes ? [journal({is: 'notes', notes}), ended] : [ended];
  }

  #isTold(callId: string, record: ToolCallRecord): boolean {
    return (this.#known.get(callId) ?? record).toldToWait;
  }

  #noted(callId: string, tool: ToolCallRecord): CallEffect {
    this.#known.set(callId, tool);
    return journal({is: 'tool', tool, callId});
  }
}
