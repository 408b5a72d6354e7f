import type {CallFinished, CallSummary} from '@voicebridge/shared/cdr/call-record.ts';
import type {Insertable} from 'kysely';
import type {Schema} from '../database/schema.ts';

type Row<Table extends keyof Schema> = Insertable<Schema[Table]>;

/** What a job becomes in the database: one row of `calls`, and what hangs on it. */
export interface CallRows {
  readonly call: Omit<Row<'calls'>, 'parts' | 'partsSeen' | 'failovers'>;
  readonly turns: Row<'turns'>[];
  readonly interruptions: Row<'interruptions'>[];
  readonly toolCalls: Row<'toolCalls'>[];
  readonly failovers: Row<'failovers'>[];
  readonly transcripts: Row<'transcripts'>[];
}

/** Text as PostgreSQL takes it: it knows every character but NUL. */
function clean(text: string): string;
function clean(text: string | null): string | null;
function clean(text: string | null): string | null {
  return text?.replaceAll('\0', '\uFFFD') ?? null;
}

/** Rows are unique by their number within the call; of two with one number the later counts. */
function unique<Item>(items: readonly Item[], numberOf: (item: Item) => number): Item[] {
  return [...new Map(items.map(item => [numberOf(item), item])).values()];
}

export function callRows(job: CallFinished): CallRows {
  const {summary} = job;
  const base = {callSid: summary.callSid, startedAt: new Date(summary.startedAt)};
  const facets = {
    ...base,
    assistant: clean(summary.assistant),
    model: clean(summary.model),
    worker: clean(summary.worker),
  };
  return {
    call: callRow(summary),
    turns: unique(job.turns, turn => turn.turn).map(turn => ({
      ...facets,
      model: clean(turn.model),
      worker: clean(turn.worker),
      turn: turn.turn,
      cause: turn.cause,
      callerStartedAtMs: turn.callerStartedAt,
      callerEndedAtMs: turn.callerEndedAt,
      decidedAtMs: turn.decidedAt,
      firstDeltaAtMs: turn.firstDeltaAt,
      audioStartedAtMs: turn.audioStartedAt,
      audioEndedAtMs: turn.audioEndedAt,
      platformTurnGapMs: turn.platformTurnGapMs,
      endOfTurnDelayMs: turn.endOfTurnDelayMs,
      modelTtfbMs: turn.modelTtfbMs,
      hopUpMs: turn.hopUpMs,
      hopDownMs: turn.hopDownMs,
      generatedMs: turn.generatedMs,
      heardMs: turn.heardMs,
      interrupted: turn.interrupted,
      responseStatus: turn.responseStatus,
    })),
    interruptions: unique(job.interruptions, cut => cut.interruption).map(({at, false: falseInterruption, ...cut}) => ({
      ...facets,
      ...cut,
      atMs: at,
      falseInterruption,
    })),
    toolCalls: unique(job.toolCalls, tool => tool.call).map(({at, call, name, ...tool}) => ({
      ...facets,
      ...tool,
      toolCall: call,
      name: clean(name),
      atMs: at,
    })),
    failovers: unique(job.failovers, failover => failover.failover).map(({at, from, to, ...failover}) => ({
      ...facets,
      ...failover,
      atMs: at,
      fromProcess: clean(from),
      toProcess: clean(to),
    })),
    transcripts: unique(job.transcript, line => line.line).map(({at, text, ...line}) => ({
      ...base,
      ...line,
      atMs: at,
      text: clean(text),
    })),
  };
}

function callRow({tokens, frames, caller, callee, ...call}: CallSummary): CallRows['call'] {
  return {
    callSid: call.callSid,
    startedAt: new Date(call.startedAt),
    endedAt: new Date(call.endedAt),
    // Wall clocks jump; a length that cannot be is not a length.
    durationMs: call.endedAt >= call.startedAt ? call.endedAt - call.startedAt : null,
    direction: call.direction,
    callerHash: clean(caller.hash),
    callerLastTwo: clean(caller.lastTwo),
    callerNumber: clean(caller.number),
    calleeHash: clean(callee.hash),
    calleeLastTwo: clean(callee.lastTwo),
    calleeNumber: clean(callee.number),
    assistant: clean(call.assistant),
    model: clean(call.model),
    voice: clean(call.voice),
    worker: clean(call.worker),
    edge: clean(call.edge),
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
    priceTable: clean(call.priceTable),
    framesUp: frames.up,
    framesDown: frames.down,
    framesLostUp: frames.lostUp,
    framesLostDown: frames.lostDown,
    framesDuplicate: frames.duplicates,
    framesPaddedMs: frames.paddedMs,
    framesMalformed: frames.malformed,
    traceparent: clean(call.traceparent),
  };
}
