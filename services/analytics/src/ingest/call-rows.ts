import type {CallFinished, CallSummary, Notes} from '@voicebridge/shared/cdr/call-record.ts';
import {AWAY_FIGURES} from '@voicebridge/shared/cdr/away-figures.ts';
import {FAILOVER_FIGURES} from '@voicebridge/shared/cdr/failover-figures.ts';
import {INTERRUPTION_FIGURES} from '@voicebridge/shared/cdr/interruption-figures.ts';
import {TOOL_CALL_FIGURES} from '@voicebridge/shared/cdr/tool-call-figures.ts';
import {TURN_FIGURES} from '@voicebridge/shared/cdr/turn-figures.ts';
import type {Insertable} from 'kysely';
import {rowOf, storable} from '../database/figure-columns.ts';
import type {Schema} from '../database/schema.ts';

type Row<Table extends keyof Schema> = Insertable<Schema[Table]>;

/**
 * The rows that one job becomes: one of `calls`, and those of its turns, interruptions, tool calls, failovers and
 * words.
 */
export interface CallRows {
  readonly call: Omit<Row<'calls'>, 'parts' | 'partsSeen' | 'failovers'>;
  readonly turns: Row<'turns'>[];
  readonly interruptions: Row<'interruptions'>[];
  readonly toolCalls: Row<'toolCalls'>[];
  readonly failovers: Row<'failovers'>[];
  readonly transcripts: Row<'transcripts'>[];
}

/** Items are unique by their number within the call; of two with the same number the later is kept. */
function unique<Item>(items: readonly Item[], numberOf: (item: Item) => number): Item[] {
  return [...new Map(items.map(item => [numberOf(item), item])).values()];
}

/** The rows of a job. Text is changed only where PostgreSQL cannot hold it. */
export function callRows(job: CallFinished): CallRows {
  const {summary} = job;
  const base = {callSid: summary.callSid, startedAt: new Date(summary.startedAt)};
  const facets = {
    ...base,
    assistant: storable(summary.assistant),
    assistantVersion: storable(summary.assistantVersion),
    model: storable(summary.model),
    worker: storable(summary.worker),
  };
  return {
    call: callRow(summary),
    // A turn has a model and a worker of its own: the call may have changed both.
    turns: unique(job.turns, turn => turn.turn).map(turn => ({...facets, ...rowOf(TURN_FIGURES, turn)})),
    interruptions: unique(job.interruptions, each => each.interruption).map(each => ({
      ...facets,
      ...rowOf(INTERRUPTION_FIGURES, each),
    })),
    toolCalls: unique(job.toolCalls, tool => tool.call).map(tool => ({...facets, ...rowOf(TOOL_CALL_FIGURES, tool)})),
    failovers: unique(job.failovers, each => each.failover).map(each => ({
      ...facets,
      ...rowOf(FAILOVER_FIGURES, each),
    })),
    transcripts: unique(job.transcript, line => line.line).map(({at, text, ...line}) => ({
      ...base,
      ...line,
      atMs: at,
      text: storable(text),
    })),
  };
}

/** As PostgreSQL takes JSON: no NUL, and no half of a character. */
function notesColumn(notes: Notes): string | null {
  const kept = Object.entries(notes).map(([name, value]) => [
    name,
    typeof value === 'string' ? storable(value).toWellFormed() : value,
  ]);
  return kept.length === 0 ? null : JSON.stringify(Object.fromEntries(kept));
}

function callRow({tokens, frames, caller, callee, ring, ...call}: CallSummary): CallRows['call'] {
  return {
    callSid: call.callSid,
    startedAt: new Date(call.startedAt),
    endedAt: new Date(call.endedAt),
    // Wall clocks jump: a call that ended before it began has no known length.
    durationMs: call.endedAt >= call.startedAt ? call.endedAt - call.startedAt : null,
    direction: call.direction,
    via: call.via ?? 'telephone',
    callerHash: storable(caller.hash),
    callerLastTwo: storable(caller.lastTwo),
    callerNumber: storable(caller.number),
    calleeHash: storable(callee.hash),
    calleeLastTwo: storable(callee.lastTwo),
    calleeNumber: storable(callee.number),
    assistant: storable(call.assistant),
    model: storable(call.model),
    voice: storable(call.voice),
    assistantVersion: storable(call.assistantVersion),
    ringOutcome: ring?.outcome ?? null,
    ringMs: ring?.ms ?? null,
    worker: storable(call.worker),
    edge: storable(call.edge),
    epoch: call.epoch,
    endReason: call.endReason,
    endedBy: call.endedBy,
    timeToFirstAudioMs: call.timeToFirstAudioMs,
    admissionMs: call.admissionMs,
    modelReadyMs: call.modelReadyMs,
    turns: call.turns,
    bargeIns: call.bargeIns,
    falseInterruptions: call.falseInterruptions,
    toolCalls: call.toolCalls,
    talkOverMs: call.talkOverMs,
    unheardMs: call.unheardMs,
    tokensInputText: tokens.inputText,
    tokensInputAudio: tokens.inputAudio,
    tokensInputCached: tokens.inputCached,
    tokensInputCachedText: tokens.inputCachedText,
    tokensInputCachedAudio: tokens.inputCachedAudio,
    tokensOutputText: tokens.outputText,
    tokensOutputAudio: tokens.outputAudio,
    costUsd: call.costUsd,
    priceTable: storable(call.priceTable),
    framesUp: frames.up,
    framesDown: frames.down,
    framesLostUp: frames.lostUp,
    framesLostDown: frames.lostDown,
    framesDuplicate: frames.duplicates,
    framesPaddedMs: frames.paddedMs,
    framesMalformed: frames.malformed,
    traceparent: storable(call.traceparent),
    notes: notesColumn(call.notes),
    outcome: notesColumn(call.outcome),
    assistants: call.assistants.length === 0 ? null : JSON.stringify(call.assistants),
    aways: call.aways.length === 0 ? null : JSON.stringify(call.aways.map(away => rowOf(AWAY_FIGURES, away))),
    disclosure: call.disclosure === null ? null : JSON.stringify(call.disclosure),
    answeredBy: storable(call.answeredBy),
  };
}
