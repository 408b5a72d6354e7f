import {HookTarget} from '@voicebridge/shared/cdr/after-call.ts';
import {OutcomeFields} from '@voicebridge/shared/cdr/outcome.ts';
import {z} from 'zod';

const ms = z.number().int().nonnegative();

/** How the end of a caller's turn is found. */
export const TurnDetection = z.discriminatedUnion('kind', [
  z.object({kind: z.literal('server'), threshold: z.number(), prefixPaddingMs: ms, silenceMs: ms}),
  z.object({kind: z.literal('semantic'), eagerness: z.enum(['low', 'medium', 'high', 'auto'])}),
]);
export type TurnDetection = z.infer<typeof TurnDetection>;

/** How one assistant yields to a caller who speaks over it. Durations in milliseconds. */
export const FloorPolicy = z.object({
  /** `immediate`: any speech stops it. `resume`: after a noise without words the reply goes on where it stopped. */
  mode: z.enum(['immediate', 'resume']),
  /** How long the caller must speak before the assistant stops; 0: at once. */
  minSpeechMs: ms,
  /** How much of the greeting the caller must have heard before anything can interrupt it. */
  greetingProtectedMs: ms,
  /** With `resume`: speech shorter than this is noise. */
  noiseMs: ms,
  /** The assistant always finishes what it says. */
  uninterruptible: z.boolean(),
});

/**
 * An assistant as one call uses it: every field has a value, every variable is filled in. It is data alone, so that
 * whoever takes the call over can be given the same.
 */
export const ResolvedAssistant = z.object({
  name: z.string(),
  model: z.string(),
  instructions: z.string(),
  voice: z.string(),
  /** The language that callers are expected to speak; null: any. */
  language: z.string().nullable(),
  temperature: z.number().nullable(),
  reasoningEffort: z.enum(['minimal', 'low', 'medium', 'high', 'xhigh']).nullable(),
  noiseReduction: z.enum(['near_field', 'far_field']).nullable(),
  turnDetection: TurnDetection,
  /** The instruction for its first words; empty: it waits for the caller to speak. */
  greeting: z.string(),
  /** What is said before everything else, word for word; false: nothing, not even on outbound calls; not set: see `disclosureOf`. */
  disclosure: z.union([z.string(), z.literal(false)]).optional(),
  /** What it does when a machine answers an outbound call; `instruct` and `say`: it leaves a message after the beep. */
  voicemail: z
    .union([z.enum(['hang-up', 'talk']), z.object({say: z.string()}), z.object({instruct: z.string()})])
    .default('hang-up'),
  /** After this much silence it asks whether the caller is still there; 0: never. */
  idlePromptMs: ms,
  /** When the caller answers none of these questions, the assistant says goodbye and the call ends. */
  idleHangUp: z.boolean(),
  /** The longest silence in which a caller waits for an answer; then the caller is told why and the call ends. */
  answerWithinMs: ms,
  /** The longest call, and the longest time in which neither side speaks; 0: no limit. */
  maxCallMs: ms,
  noSpeechMs: ms,
  /** How many rounds of tool calls in a row the model may make before it must speak to the caller. */
  toolRounds: ms,
  /** The most tokens of one response: 20 of them are a second of speech. */
  maxOutputTokens: z.union([z.number().int(), z.literal('inf')]),
  /** Whether a key that the caller presses (DTMF) stops the assistant. */
  digitsInterrupt: z.boolean(),
  floor: FloorPolicy,
  /** Whether the call may be recorded. */
  recording: z.boolean(),
  /** What must happen before the recording begins: the greeting is over, or the caller presses a key. */
  recordingAfter: z.union([z.literal('greeting'), z.object({key: z.string()})]).optional(),
  /** The call is captured, where CAPTURE=assistants; not set: it is not. */
  capture: z.literal(true).optional(),
  /** What must happen before the capture may be kept. */
  captureAfter: z.union([z.literal('greeting'), z.object({key: z.string()})]).optional(),
  transcripts: z.enum(['off', 'heard', 'full']),
  /** What the caller hears when the model cannot be used; null: MODEL_DOWN_SAY. */
  failureSay: z.string().nullable(),
  /** Where `date`, `time` and `weekday` are true. */
  timeZone: z.string(),
  /** Who is told about a finished call; null: whoever AFTER_URL names. */
  after: z
    .union([HookTarget, z.literal('off')])
    .nullable()
    .default(null),
  /** How its calls can come out. */
  outcome: OutcomeFields.default({}),
  variables: z.record(z.string(), z.string()),
});
export type ResolvedAssistant = z.infer<typeof ResolvedAssistant>;
