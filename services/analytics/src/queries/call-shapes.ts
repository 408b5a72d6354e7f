import {FAILOVER_FIGURES} from '@voicebridge/shared/cdr/failover-figures.ts';
import type {Figures} from '@voicebridge/shared/cdr/figure.ts';
import {INTERRUPTION_FIGURES} from '@voicebridge/shared/cdr/interruption-figures.ts';
import {TOOL_CALL_FIGURES} from '@voicebridge/shared/cdr/tool-call-figures.ts';
import {TURN_FIGURES} from '@voicebridge/shared/cdr/turn-figures.ts';
import {z} from 'zod';

const ms = z.number().nullable();
const moment = z.string().describe('ISO 8601, UTC');
const count = z.number().int();

/** A call in a list. No telephone numbers, no words. */
export const Call = z.object({
  callSid: z.string(),
  startedAt: moment,
  endedAt: moment,
  durationMs: ms,
  direction: z.string(),
  callerHash: z.string().nullable(),
  callerLastTwo: z.string().nullable(),
  calleeHash: z.string().nullable(),
  calleeLastTwo: z.string().nullable(),
  assistant: z.string(),
  model: z.string(),
  voice: z.string(),
  worker: z.string(),
  edge: z.string().nullable(),
  epoch: count,
  endReason: z.string(),
  endedBy: z.string(),
  timeToFirstAudioMs: ms,
  admissionMs: ms,
  modelReadyMs: ms,
  turns: count,
  bargeIns: count,
  falseInterruptions: count,
  toolCalls: count,
  failovers: count,
  talkOverMs: ms,
  unheardMs: ms,
  tokensInputText: count,
  tokensInputAudio: count,
  tokensInputCached: count,
  /** Null in records from before November 2026. */
  tokensInputCachedText: count.nullable(),
  tokensInputCachedAudio: count.nullable(),
  tokensOutputText: count,
  tokensOutputAudio: count,
  costUsd: z.number().nullable(),
  priceTable: z.string(),
  framesUp: count,
  framesDown: count,
  framesLostUp: count,
  framesLostDown: count,
  framesDuplicate: count,
  framesPaddedMs: z.number(),
  framesMalformed: count,
  traceparent: z.string().nullable(),
  recordedAt: moment,
  whole: z.boolean().describe('whether every part of the record has arrived'),
});
export type Call = z.infer<typeof Call>;

export const CallsPage = z.object({
  calls: z.array(Call),
  next: z.string().nullable().describe('for `after`; null on the last page'),
});
export type CallsPage = z.infer<typeof CallsPage>;

type AnswerShape<All extends Figures> = {
  -readonly [Name in keyof All as All[Name]['column']]: All[Name]['kind']['answered'];
};

/** The schema in which the API answers a record, each field with its description. */
export function answerOf<const All extends Figures>(figures: All): z.ZodObject<AnswerShape<All>>;
export function answerOf(figures: Figures): z.ZodObject {
  return z.object(
    Object.fromEntries(
      Object.values(figures).map(({column, kind, about}) => [column, kind.answered.describe(about)] as const),
    ),
  );
}

/** One exchange. Every `…AtMs` is milliseconds since the call started. */
export const Turn = answerOf(TURN_FIGURES);

export const Interruption = answerOf(INTERRUPTION_FIGURES);

export const ToolCall = answerOf(TOOL_CALL_FIGURES);

export const Failover = answerOf(FAILOVER_FIGURES);

export const Line = z.object({
  line: count,
  turn: count,
  role: z.string(),
  atMs: z.number(),
  text: z.string(),
  cut: z.boolean().describe('whether the caller did not hear the rest'),
});

/** Everything about one call, on one time axis. */
export const CallDetail = z.object({
  call: Call,
  callerNumber: z.string().nullable().describe('only where numbers are kept, and only for a viewer who signed in'),
  calleeNumber: z.string().nullable(),
  turns: z.array(Turn),
  interruptions: z.array(Interruption),
  toolCalls: z.array(ToolCall),
  failovers: z.array(Failover),
  transcript: z.array(Line),
  transcriptState: z
    .enum(['shown', 'not-kept', 'sign-in', 'no-password'])
    .describe('`sign-in`: kept, and shown after signing in; `no-password`: DASHBOARD_PASSWORD is not set'),
});
export type CallDetail = z.infer<typeof CallDetail>;
