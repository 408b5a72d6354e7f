import {z} from 'zod';
import {CallSid} from '../protocol/ids.ts';

/**
 * What remains of a call, and the only thing that analytics ever sees of it. The worker that ends the call builds it
 * from the call's journal and sends it once; it may arrive more than once, late, or in parts. Every `…Ms` is a
 * duration in milliseconds measured on one monotonic clock; every `at` is milliseconds since `startedAt`.
 * Each figure is defined in docs/METRICS.md. `null` means "did not happen or could not be seen", never zero.
 */

const ms = z.number().nonnegative().nullable();
const count = z.number().int().nonnegative();

/** How a call ended, as `category.detail`. */
export const EndReason = z.enum([
  'caller.hung-up',
  'assistant.hung-up',
  'assistant.transferred',
  'operator.hung-up',
  'platform.model-refused',
  'platform.model-lost',
  'platform.model-silent',
  'platform.max-duration',
  'platform.idle-timeout',
  'platform.no-speech',
  'platform.stream-lost',
  'platform.stream-never-came',
  'platform.worker-lost',
  'platform.drained',
]);
export type EndReason = z.infer<typeof EndReason>;

/**
 * As the model counted them. Cached tokens are part of those in; by kind as far as the model told: what is missing to
 * `inputCached` is of unknown kind, as in records of before November 2026.
 */
export const Tokens = z.object({
  inputText: count,
  inputAudio: count,
  inputCached: count,
  inputCachedText: count.default(0),
  inputCachedAudio: count.default(0),
  outputText: count,
  outputAudio: count,
});
export type Tokens = z.infer<typeof Tokens>;

/** One exchange: what made the assistant speak, and what came of it. Turn 0 is the greeting. */
export const TurnRecord = z.object({
  turn: count,
  cause: z.enum(['greeting', 'caller', 'tool', 'digits', 'idle', 'recovery', 'farewell']),
  /** Caller speech as the model's voice detection saw it; the end without the silence that proved it. */
  callerStartedAt: ms,
  callerEndedAt: ms,
  /** The model said `speech_stopped`. */
  decidedAt: ms,
  firstDeltaAt: ms,
  /** First assistant audio of this turn handed to Twilio's socket. */
  audioStartedAt: ms,
  /** Last assistant audio of this turn heard, by mark or estimate. */
  audioEndedAt: ms,
  platformTurnGapMs: ms,
  endOfTurnDelayMs: ms,
  modelTtfbMs: ms,
  hopUpMs: ms,
  hopDownMs: ms,
  generatedMs: ms,
  heardMs: ms,
  interrupted: z.boolean(),
  responseStatus: z.enum(['completed', 'cancelled', 'incomplete', 'failed']).nullable(),
  model: z.string().max(100),
  worker: z.string().max(100),
});
export type TurnRecord = z.infer<typeof TurnRecord>;

/** The caller spoke over the assistant. */
export const InterruptionRecord = z.object({
  interruption: count,
  turn: count,
  /** `speech_started` arrived. */
  at: z.number().nonnegative(),
  reactionMs: ms,
  tStopMs: ms,
  talkOverMs: ms,
  unheardMs: ms,
  /** Position in the item at which it was cut; `null` where nothing had to be cut. */
  truncatedAtMs: ms,
  /** Half the distance between what was proven and what could have been heard: how wrong the cut can be. */
  uncertaintyMs: ms,
  refused: z.boolean(),
  /** The reply was resumed because no words followed. */
  false: z.boolean(),
});
export type InterruptionRecord = z.infer<typeof InterruptionRecord>;

export const ToolCallRecord = z.object({
  call: count,
  turn: count,
  name: z.string().max(100),
  at: z.number().nonnegative(),
  durationMs: ms,
  ok: z.boolean(),
});
export type ToolCallRecord = z.infer<typeof ToolCallRecord>;

export const FailoverRecord = z.object({
  failover: count,
  kind: z.enum(['worker-lost', 'worker-drained', 'edge-lost', 'edge-drained', 'model-lost', 'model-rotated']),
  at: z.number().nonnegative(),
  /** How long the caller could not be heard. */
  gapMs: ms,
  from: z.string().max(100).nullable(),
  to: z.string().max(100).nullable(),
});
export type FailoverRecord = z.infer<typeof FailoverRecord>;

export const TranscriptLine = z.object({
  line: count,
  turn: count,
  role: z.enum(['caller', 'assistant']),
  at: z.number().nonnegative(),
  text: z.string().max(8_000),
  /** The rest of it was never heard. */
  cut: z.boolean(),
});
export type TranscriptLine = z.infer<typeof TranscriptLine>;

/** A telephone number as it may be kept: a keyed hash and the last two digits; the number itself only where turned on. */
export const PartyRecord = z.object({
  hash: z.string().max(64).nullable(),
  lastTwo: z.string().max(2).nullable(),
  number: z.string().max(64).nullable(),
});
export type PartyRecord = z.infer<typeof PartyRecord>;

/** The call as a whole. */
export const CallSummary = z.object({
  callSid: CallSid,
  /** Unix milliseconds. */
  startedAt: z.number(),
  endedAt: z.number(),
  direction: z.enum(['inbound', 'outbound']),
  caller: PartyRecord,
  callee: PartyRecord,
  assistant: z.string().max(100),
  model: z.string().max(100),
  voice: z.string().max(100),
  /** The last owner; `failovers` names the others. */
  worker: z.string().max(100),
  edge: z.string().max(100).nullable(),
  /** Owners and streams the call has had, the first included. */
  epoch: count,
  endReason: EndReason,
  endedBy: z.enum(['caller', 'assistant', 'operator', 'platform']),
  /** Stream start → first assistant audio handed to Twilio. */
  timeToFirstAudioMs: ms,
  /** Webhook received → a worker said yes. */
  admissionMs: ms,
  /** Worker said yes → model session configured. */
  modelReadyMs: ms,
  turns: count,
  bargeIns: count,
  falseInterruptions: count,
  toolCalls: count,
  talkOverMs: ms,
  unheardMs: ms,
  tokens: Tokens,
  /** US dollars at the price table `priceTable`; `null` for a model that is not in it. */
  costUsd: z.number().nonnegative().nullable(),
  priceTable: z.string().max(40),
  frames: z.object({
    up: count,
    down: count,
    lostUp: count,
    lostDown: count,
    duplicates: count,
    /** Caller audio that Twilio never delivered and that was padded with silence. */
    paddedMs: z.number().nonnegative(),
    /** Messages on this call's sockets that nobody could use. */
    malformed: count,
  }),
  traceparent: z.string().max(100).nullable(),
});
export type CallSummary = z.infer<typeof CallSummary>;

/** Turns (and what hangs on them) in one job; a longer call is sent in several. */
export const TURNS_PER_JOB = 50;

/**
 * The job `call-finished`: one per call, or one per `TURNS_PER_JOB` turns of it, each with the whole summary. A field
 * that is added has a default, so that older records stay readable; `version` rises when a reader could misunderstand.
 */
export const CallFinished = z.object({
  version: z.literal(1),
  part: count,
  parts: z.number().int().positive(),
  summary: CallSummary,
  turns: z.array(TurnRecord).max(TURNS_PER_JOB),
  interruptions: z.array(InterruptionRecord).max(500),
  toolCalls: z.array(ToolCallRecord).max(500),
  failovers: z.array(FailoverRecord).max(100),
  transcript: z.array(TranscriptLine).max(500),
});
export type CallFinished = z.infer<typeof CallFinished>;
