import type {Generated} from 'kysely';

/** What a question about turns, interruptions, tool calls or failovers is filtered and grouped by. */
interface Facets {
  callSid: string;
  startedAt: Date;
  assistant: string;
  model: string;
  worker: string;
}

export interface CallsTable extends Facets {
  endedAt: Date;
  durationMs: number | null;
  direction: string;
  callerHash: string | null;
  callerLastTwo: string | null;
  callerNumber: string | null;
  calleeHash: string | null;
  calleeLastTwo: string | null;
  calleeNumber: string | null;
  voice: string;
  edge: string | null;
  epoch: number;
  endReason: string;
  endedBy: string;
  timeToFirstAudioMs: number | null;
  admissionMs: number | null;
  modelReadyMs: number | null;
  turns: number;
  bargeIns: number;
  falseInterruptions: number;
  toolCalls: number;
  failovers: number;
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
  parts: number;
  partsSeen: number[];
  recordedAt: Generated<Date>;
}

export interface TurnsTable extends Facets {
  turn: number;
  cause: string;
  callerStartedAtMs: number | null;
  callerEndedAtMs: number | null;
  decidedAtMs: number | null;
  firstDeltaAtMs: number | null;
  audioStartedAtMs: number | null;
  audioEndedAtMs: number | null;
  platformTurnGapMs: number | null;
  endOfTurnDelayMs: number | null;
  modelTtfbMs: number | null;
  hopUpMs: number | null;
  hopDownMs: number | null;
  generatedMs: number | null;
  heardMs: number | null;
  interrupted: boolean;
  responseStatus: string | null;
}

export interface InterruptionsTable extends Facets {
  interruption: number;
  turn: number;
  atMs: number;
  reactionMs: number | null;
  tStopMs: number | null;
  talkOverMs: number | null;
  unheardMs: number | null;
  truncatedAtMs: number | null;
  uncertaintyMs: number | null;
  refused: boolean;
  falseInterruption: boolean;
}

export interface ToolCallsTable extends Facets {
  toolCall: number;
  turn: number;
  name: string;
  atMs: number;
  durationMs: number | null;
  ok: boolean;
}

export interface FailoversTable extends Facets {
  failover: number;
  kind: string;
  atMs: number;
  gapMs: number | null;
  fromProcess: string | null;
  toProcess: string | null;
}

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

/** The tables as `migrations/` makes them; names in camelCase here, in snake_case there. */
export interface Schema {
  calls: CallsTable;
  turns: TurnsTable;
  interruptions: InterruptionsTable;
  toolCalls: ToolCallsTable;
  failovers: FailoversTable;
  transcripts: TranscriptsTable;
  erasedCalls: {callSid: string; erasedAt: Generated<Date>};
  sessions: {tokenHash: string; createdAt: Date; seenAt: Date};
  audit: {at: Generated<Date>; action: string; subject: string; session: string | null};
}
