import {Via} from '../protocol/via.ts';
import {z} from 'zod';
import {CallSid} from '../protocol/ids.ts';
import {AfterCall} from './after-call.ts';
import {AWAY_FIGURES} from './away-figures.ts';
import {EndedBy, EndReason} from './end-reasons.ts';
import {FAILOVER_FIGURES} from './failover-figures.ts';
import {recordOf} from './figure.ts';
import {INTERRUPTION_FIGURES} from './interruption-figures.ts';
import {Notes, NOTES_AT_MOST} from './notes.ts';
import {RingAsked} from './ring-asked.ts';
import {KEPT_OF_TOOL, TOOL_CALL_FIGURES, TOOL_OUTCOMES} from './tool-call-figures.ts';
import {TURN_FIGURES} from './turn-figures.ts';

/**
 * The call detail record (CDR): all that analytics knows of a call. The worker that ends the call builds it from the
 * call's journal and sends it once; it may arrive more than once, late, or in parts. Every `…Ms` is a duration in
 * milliseconds measured on one monotonic clock; every `…At` is milliseconds since `startedAt`. `null` means "did not
 * happen or could not be seen", never zero. The parts of the record are described in the files beside this one.
 */

export {EndReason, KEPT_OF_TOOL, Notes, NOTES_AT_MOST, RingAsked, TOOL_OUTCOMES};

const ms = z.number().nonnegative().nullable();
const count = z.number().int().nonnegative();

/**
 * As the model counted them. Cached tokens are part of the input. Where the model did not report their kind, as in
 * records from before November 2026, `inputCached` is more than the sum of the two kinds.
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

/** One exchange: what made the assistant speak, and the outcome. Turn 0 is the greeting. */
export const TurnRecord = recordOf(TURN_FIGURES);
export type TurnRecord = z.infer<typeof TurnRecord>;

/** The caller spoke over the assistant. */
export const InterruptionRecord = recordOf(INTERRUPTION_FIGURES);
export type InterruptionRecord = z.infer<typeof InterruptionRecord>;

export const ToolCallRecord = recordOf(TOOL_CALL_FIGURES);
export type ToolCallRecord = z.infer<typeof ToolCallRecord>;

export const FailoverRecord = recordOf(FAILOVER_FIGURES);
export type FailoverRecord = z.infer<typeof FailoverRecord>;

/** The caller was away from the assistant, which had wanted it so: transferred, or keys were pressed for it. */
export const AwayRecord = recordOf(AWAY_FIGURES);
export type AwayRecord = z.infer<typeof AwayRecord>;
/** A record keeps so many, the first ones. */
export const AWAYS_AT_MOST = 50;

export const TranscriptLine = z.object({
  line: count,
  turn: count,
  role: z.enum(['caller', 'assistant']),
  at: z.number().nonnegative(),
  text: z.string().max(8_000),
  /** The caller did not hear the rest. */
  cut: z.boolean(),
});
export type TranscriptLine = z.infer<typeof TranscriptLine>;

/**
 * A telephone number as it is kept: a keyed hash and the last two digits; the number itself only where that is turned
 * on.
 */
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
  /** Absent: a telephone, as in all records of older versions. */
  via: Via.optional(),
  caller: PartyRecord,
  callee: PartyRecord,
  assistant: z.string().max(100),
  /** The hash of what the assistant was when the call began: calls can be compared by it. */
  assistantVersion: z.string().max(64).nullable().default(null),
  /** The outcome of the questions at ring time; `null`: nothing was asked. */
  ring: RingAsked.nullable().default(null),
  model: z.string().max(100),
  voice: z.string().max(100),
  /** The last worker that had the call; `failovers` names the others. */
  worker: z.string().max(100),
  edge: z.string().max(100).nullable(),
  /** How many workers and streams the call has had, the first included. */
  epoch: count,
  endReason: EndReason,
  endedBy: EndedBy,
  /** Stream start → first assistant audio handed to Twilio. */
  timeToFirstAudioMs: ms,
  /** Webhook received → a worker accepted the call. */
  admissionMs: ms,
  /** Worker accepted the call → model session configured. */
  modelReadyMs: ms,
  turns: count,
  bargeIns: count,
  falseInterruptions: count,
  toolCalls: count,
  talkOverMs: ms,
  unheardMs: ms,
  tokens: Tokens,
  /** US dollars by the price table `priceTable`; `null` for a model that is not in it. */
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
    /** Messages on this call's sockets that could not be read. */
    malformed: count,
  }),
  traceparent: z.string().max(100).nullable(),
  /** From which moment on the call was recorded, in milliseconds since it began. */
  recordedFromMs: ms.default(null),
  /** Who spoke, if the call was given to another assistant: each with its version, and from when on. */
  assistants: z
    .array(z.object({name: z.string().max(100), version: z.string().max(64).nullable(), at: z.number().nonnegative()}))
    .max(20)
    .default([]),
  /** What the assistant noted, with a tool that it has for that. */
  notes: Notes.default({}),
  /** How the call came out: the fields of its assistant that can be counted. */
  outcome: Notes.default({}),
  /**
   * What had to be said first; null: nothing. `heardAt`: when the caller had heard all of it, in milliseconds since the
   * call began; null: they did not. `by`: how that is known. `verbatim`: its transcript begins with those words.
   */
  disclosure: z
    .object({
      heardAt: ms,
      by: z.enum(['mark', 'clock']).nullable(),
      verbatim: z.boolean().nullable(),
    })
    .nullable()
    .default(null),
  /** What answered our call, in the carrier's words: human, machine_end_beep, …; null: nobody says. */
  answeredBy: z.string().max(40).nullable().default(null),
  /** When the caller was away from the assistant, where, and the outcome. */
  aways: z.array(AwayRecord).max(AWAYS_AT_MOST).default([]),
});
export type CallSummary = z.infer<typeof CallSummary>;

/** Turns in one job, with their interruptions, tool calls and words; a longer call is sent in several jobs. */
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
  /** What is to happen now that the call is over; null: its assistant does not say. */
  after: AfterCall.nullable().default(null),
});
export type CallFinished = z.infer<typeof CallFinished>;
