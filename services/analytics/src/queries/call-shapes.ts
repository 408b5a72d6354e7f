import {CallSummary} from '@voicebridge/shared/cdr/call-record.ts';
import {AWAY_FIGURES} from '@voicebridge/shared/cdr/away-figures.ts';
import {FAILOVER_FIGURES} from '@voicebridge/shared/cdr/failover-figures.ts';
import type {Figures} from '@voicebridge/shared/cdr/figure.ts';
import {INTERRUPTION_FIGURES} from '@voicebridge/shared/cdr/interruption-figures.ts';
import {Notes} from '@voicebridge/shared/cdr/notes.ts';
import {TOOL_CALL_FIGURES} from '@voicebridge/shared/cdr/tool-call-figures.ts';
import {TURN_FIGURES} from '@voicebridge/shared/cdr/turn-figures.ts';
import {z} from 'zod';
import {KINDS} from '../database/deleted-before.ts';
import {CALL_METRICS} from './call-metrics.ts';
import {MissingBefore} from './missing-before.ts';

const ms = z.number().nullable();
const moment = z.string().describe('ISO 8601, UTC');
const count = z.number().int();

/** A call in a list. No telephone numbers, no words. */
export const Call = z.object({
  callSid: z.string(),
  startedAt: moment,
  endedAt: moment,
  durationMs: ms.describe(CALL_METRICS.call_duration.about),
  direction: z.string(),
  via: z.string().describe('telephone, or browser: the phone in the browser'),
  callerHash: z.string().nullable(),
  callerLastTwo: z.string().nullable(),
  calleeHash: z.string().nullable(),
  calleeLastTwo: z.string().nullable(),
  assistant: z.string(),
  assistantVersion: z.string().nullable().describe('the hash of what the assistant was when the call began'),
  ringOutcome: z
    .string()
    .nullable()
    .describe('the outcome of the questions at ring time: answered, late, failed or invalid; null: nothing was asked'),
  ringMs: ms.describe(CALL_METRICS.ring.about),
  model: z.string(),
  voice: z.string(),
  worker: z.string(),
  edge: z.string().nullable(),
  epoch: count,
  endReason: z.string().describe('how the call ended; docs/METRICS.md says what each means'),
  endedBy: z.string(),
  timeToFirstAudioMs: ms.describe(CALL_METRICS.time_to_first_audio.about),
  admissionMs: ms.describe(CALL_METRICS.admission.about),
  modelReadyMs: ms.describe(CALL_METRICS.model_ready.about),
  hungUpWaitingMs: ms.describe(CALL_METRICS.wait_at_hang_up.about),
  turns: count.describe(CALL_METRICS.turns_per_call.about),
  bargeIns: count.describe(CALL_METRICS.barge_ins.about),
  falseInterruptions: count.describe(CALL_METRICS.false_interruptions.about),
  toolCalls: count.describe(CALL_METRICS.tool_calls_per_call.about),
  failovers: count.describe(CALL_METRICS.failovers_per_call.about),
  talkOverMs: ms.describe(CALL_METRICS.talk_over_per_call.about),
  unheardMs: ms.describe(CALL_METRICS.unheard_per_call.about),
  tokensInputText: count.describe(CALL_METRICS.tokens_input_text.about),
  tokensInputAudio: count.describe(CALL_METRICS.tokens_input_audio.about),
  tokensInputCached: count.describe(CALL_METRICS.tokens_input_cached.about),
  /** Null in records from before November 2026. */
  tokensInputCachedText: count.nullable().describe(CALL_METRICS.tokens_input_cached_text.about),
  tokensInputCachedAudio: count.nullable().describe(CALL_METRICS.tokens_input_cached_audio.about),
  tokensOutputText: count.describe(CALL_METRICS.tokens_output_text.about),
  tokensOutputAudio: count.describe(CALL_METRICS.tokens_output_audio.about),
  costUsd: z.number().nullable().describe(CALL_METRICS.cost.about),
  priceTable: z.string(),
  framesUp: count,
  framesDown: count,
  framesLostUp: count.describe(CALL_METRICS.frames_lost_up.about),
  framesLostDown: count.describe(CALL_METRICS.frames_lost_down.about),
  framesDuplicate: count,
  framesPaddedMs: z.number().describe(CALL_METRICS.padded_audio.about),
  framesMalformed: count,
  traceparent: z.string().nullable(),
  recordedAt: moment,
  outcome: Notes.describe('how it came out: the fields of its assistant that can be counted'),
  outcomeFilled: z
    .array(z.string())
    .describe('the fields that a text model filled in after the call, texts among the notes too; others were noted'),
  tags: z.array(z.string()).describe('what analysts put on it'),
  whole: z.boolean().describe('whether every part of the record has arrived'),
});
export type Call = z.infer<typeof Call>;

export const CallsPage = z.object({
  calls: z.array(Call),
  next: z.string().nullable().describe('for `after`; null on the last page'),
  missingBefore: MissingBefore,
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

/** The caller was away from the assistant, which had wanted it so: transferred, or keys were pressed. */
export const Away = answerOf(AWAY_FIGURES);

export const Line = z.object({
  line: count,
  turn: count,
  role: z.string(),
  atMs: z.number(),
  text: z.string(),
  cut: z.boolean().describe('whether the caller did not hear the rest'),
});

/** The recording of a call. Times in milliseconds since the call began. */
export const RecordingOfCall = z.object({
  state: z
    .enum(['waiting', 'kept', 'partial', 'lost'])
    .describe(
      '`waiting`: its pieces are being joined; `partial`: a worker died or the store was away; `lost`: all of it',
    ),
  fromMs: z.number(),
  untilMs: z.number(),
  missingMs: z.number().describe('how much of it is silence because its piece was lost'),
});

/** Everything about one call, on one time axis. */
export const CallDetail = z.object({
  call: Call,
  callerNumber: z.string().nullable().describe('only where numbers are kept, and only for a viewer who signed in'),
  calleeNumber: z.string().nullable(),
  assistants: CallSummary.shape.assistants
    .unwrap()
    .describe('all assistants that had the call, if it was given to another one'),
  remarks: z
    .array(z.object({id: z.string(), at: moment, who: z.string().nullable(), text: z.string()}))
    .describe('what analysts wrote on it; only for a viewer who signed in'),
  notes: Notes.describe('what the assistant noted; only for a viewer who signed in'),
  turns: z.array(Turn),
  interruptions: z.array(Interruption),
  toolCalls: z.array(ToolCall),
  failovers: z.array(Failover),
  aways: z.array(Away),
  disclosure: CallSummary.shape.disclosure
    .unwrap()
    .describe('what had to be said first; heardAt: when the caller had heard all of it, null: they did not'),
  answeredBy: z.string().nullable().describe('what answered a call that we made: human, machine_end_beep, …'),
  transcript: z.array(Line),
  recording: RecordingOfCall.nullable().describe('null: there is none'),
  missing: z
    .array(z.enum(KINDS).exclude(['calls']))
    .describe(
      'what of the call was deleted because its retention was over; turns: interruptions, tool calls and failovers too',
    ),
  transcriptState: z
    .enum(['shown', 'not-kept', 'sign-in', 'no-password'])
    .describe(
      'of the transcript, the notes and what tools were asked: `not-kept`: there is none of it; `sign-in`: kept, and shown after signing in; `no-password`: DASHBOARD_PASSWORD is not set',
    ),
});
export type CallDetail = z.infer<typeof CallDetail>;
