import type {HookTarget} from '@voicebridge/shared/cdr/after-call.ts';
import type {CallSummary} from '@voicebridge/shared/cdr/call-record.ts';
import type {AWAY_FIGURES} from '@voicebridge/shared/cdr/away-figures.ts';
import type {FAILOVER_FIGURES} from '@voicebridge/shared/cdr/failover-figures.ts';
import type {INTERRUPTION_FIGURES} from '@voicebridge/shared/cdr/interruption-figures.ts';
import type {Notes} from '@voicebridge/shared/cdr/notes.ts';
import type {OutcomeFields} from '@voicebridge/shared/cdr/outcome.ts';
import type {TOOL_CALL_FIGURES} from '@voicebridge/shared/cdr/tool-call-figures.ts';
import type {TURN_FIGURES} from '@voicebridge/shared/cdr/turn-figures.ts';
import type {Generated, JSONColumnType} from 'kysely';
import type {Kind} from './deleted-before.ts';
import type {FigureColumns} from './figure-columns.ts';

/** The columns by which turns, interruptions, tool calls and failovers are filtered and grouped. */
interface Facets {
  callSid: string;
  startedAt: Date;
  assistant: string;
  assistantVersion: string | null;
  model: string;
  worker: string;
}

export interface CallsTable extends Facets {
  endedAt: Date;
  durationMs: number | null;
  direction: string;
  via: string;
  callerHash: string | null;
  callerLastTwo: string | null;
  callerNumber: string | null;
  calleeHash: string | null;
  calleeLastTwo: string | null;
  calleeNumber: string | null;
  voice: string;
  ringOutcome: string | null;
  ringMs: number | null;
  edge: string | null;
  epoch: number;
  endReason: string;
  endedBy: string;
  timeToFirstAudioMs: number | null;
  admissionMs: number | null;
  modelReadyMs: number | null;
  hungUpWaitingMs: number | null;
  turns: number;
  bargeIns: number;
  falseInterruptions: number;
  toolCalls: number;
  failovers: number;
  tags: Generated<string[]>;
  talkOverMs: number | null;
  unheardMs: number | null;
  tokensInputText: number;
  tokensInputAudio: number;
  tokensInputCached: number;
  tokensInputCachedText: number | null;
  tokensInputCachedAudio: number | null;
  tokensOutputText: number;
  tokensOutputAudio: number;
  costUsd: number | null;
  priceTable: string;
  framesUp: number;
  framesDown: number;
  framesLostUp: number;
  framesLostDown: number;
  framesDuplicate: number;
  framesPaddedMs: number;
  framesMalformed: number;
  traceparent: string | null;
  notes: JSONColumnType<Notes> | null;
  outcome: JSONColumnType<Notes> | null;
  /** The names of those fields of the outcome that a text model filled. */
  outcomeFilled: JSONColumnType<string[]> | null;
  assistants: JSONColumnType<CallSummary['assistants']> | null;
  aways: JSONColumnType<FigureColumns<typeof AWAY_FIGURES>[]> | null;
  disclosure: JSONColumnType<NonNullable<CallSummary['disclosure']>> | null;
  answeredBy: string | null;
  parts: number;
  partsSeen: number[];
  recordedAt: Generated<Date>;
}

export interface TurnsTable extends Facets, FigureColumns<typeof TURN_FIGURES> {}

export interface InterruptionsTable extends Facets, FigureColumns<typeof INTERRUPTION_FIGURES> {}

export interface ToolCallsTable extends Facets, FigureColumns<typeof TOOL_CALL_FIGURES> {}

export interface FailoversTable extends Facets, FigureColumns<typeof FAILOVER_FIGURES> {}

export interface TranscriptsTable {
  callSid: string;
  startedAt: Date;
  line: number;
  turn: number;
  role: string;
  atMs: number;
  text: string;
  cut: boolean;
}

/** What is in the recordings' store, by call. */
export interface RecordingsTable {
  callSid: string;
  startedAt: Date;
  fromMs: number;
  untilMs: number;
  state: RecordingState;
  missingMs: Generated<number>;
  recordedAt: Generated<Date>;
  /** When something is to be done about it; null: nothing. */
  lookAt: Date | null;
}

/** `waiting`: its pieces are still to be joined. `partial`: kept, with gaps. `lost`: nothing of it came. */
export type RecordingState = 'waiting' | 'kept' | 'partial' | 'lost' | 'removing';

/** What is told by webhooks. */
export interface DeliveriesTable {
  id: string;
  subject: string;
  seq: number;
  type: string;
  target: JSONColumnType<HookTarget>;
  body: string | null;
  state: Generated<'waiting' | 'delivered' | 'failed'>;
  attempts: Generated<number>;
  lastError: string | null;
  createdAt: Generated<Date>;
  dueAt: Generated<Date>;
  giveUpAt: Date;
  settledAt: Date | null;
}

/** The days whose calls are exported. */
export interface ExportsTable {
  day: string;
  wanted: Generated<number>;
  written: Generated<number>;
  recordedUntil: Date | null;
  wantedAt: Generated<Date>;
  lookAt: Generated<Date>;
  attempts: Generated<number>;
}

/** Fields of an outcome that a text model is asked for. */
export interface OutcomeFillsTable {
  callSid: string;
  fields: JSONColumnType<OutcomeFields>;
  state: Generated<'waiting' | 'filled' | 'failed'>;
  attempts: Generated<number>;
  lastError: string | null;
  dueAt: Date;
  giveUpAt: Date;
  settledAt: Date | null;
}

/** The tables that `migrations/` creates. Names are camelCase here and snake_case there. */
export interface Schema {
  calls: CallsTable;
  turns: TurnsTable;
  interruptions: InterruptionsTable;
  toolCalls: ToolCallsTable;
  failovers: FailoversTable;
  transcripts: TranscriptsTable;
  recordings: RecordingsTable;
  deletedBefore: {kind: Kind; moment: Date};
  erasedCalls: {callSid: string; erasedAt: Generated<Date>};
  sessions: {tokenHash: string; createdAt: Date; seenAt: Date};
  forgottenNumbers: {numberHash: string; forgottenAt: Generated<Date>};
  deliveries: DeliveriesTable;
  exports: ExportsTable;
  outcomeFills: OutcomeFillsTable;
  remarks: {id: Generated<string>; callSid: string; at: Generated<Date>; who: string | null; text: string};
  audit: {at: Generated<Date>; action: string; subject: string; who: string | null; address: string | null};
}
