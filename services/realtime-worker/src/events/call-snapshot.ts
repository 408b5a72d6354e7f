import {z} from 'zod';
import {AwayRecord, ToolCallRecord, TurnRecord} from '@voicebridge/shared/cdr/call-record.ts';
import {AwayOrder} from '@voicebridge/shared/protocol/away.ts';
import {KeysFact} from './keys-fact.ts';

/** An item of the conversation as the journal stores it. */
export const JournalItem = z.union([
  z.object({kind: z.enum(['caller', 'assistant', 'note']), id: z.string(), text: z.string()}),
  z.object({kind: z.literal('toolCall'), id: z.string(), callId: z.string(), name: z.string(), arguments: z.string()}),
  z.object({
    kind: z.literal('toolResult'),
    id: z.string(),
    callId: z.string(),
    output: z.string(),
    /** It has digits in it that the caller entered. */
    isSecret: z.boolean().optional(),
  }),
]);

export type JournalItem = z.infer<typeof JournalItem>;

/** What makes the assistant of a call the same on another worker. Not set by workers of an older version. */
export const KeptAssistant = z.object({
  /** The hash of its version. */
  version: z.string().optional(),
  /** The variables that are of this call alone. */
  variables: z.record(z.string(), z.string()).optional(),
});
export type KeptAssistant = z.infer<typeof KeptAssistant>;

/** An item, and how much of its audio was heard if that was not all. */
export const SnapshotItem = z.object({
  item: JournalItem,
  cut: z.object({heardMs: z.number(), totalMs: z.number()}).optional(),
});
export type SnapshotItem = z.infer<typeof SnapshotItem>;

/** A piece of audio as it went to Twilio, and the mark behind it, if it is known; `wall` is Unix milliseconds. */
export const SnapshotSaid = z.object({
  itemId: z.string(),
  itemFrom: z.number(),
  ms: z.number(),
  wall: z.number(),
  mark: z.string().optional(),
});
export type SnapshotSaid = z.infer<typeof SnapshotSaid>;

const amounts = z.array(z.tuple([z.string(), z.number()]));

/**
 * All that the next owner of a call needs of the entries before: the state of `RestoringCall`, without what is too old
 * to matter. Of the conversation it has the last items only; the call's past has the others.
 */
export const CallSnapshot = z.object({
  /** When the call began, in Unix milliseconds. */
  openedWall: z.number(),
  items: z.array(SnapshotItem),
  saidMs: amounts,
  whole: z.array(z.string()),
  buffer: z.object({said: z.array(SnapshotSaid), clearedWall: z.number().optional()}),
  stream: z.object({streamSid: z.string(), settledMs: z.number(), digits: z.number().optional()}).optional(),
  /** Keys that were pressed, and that the model is to be told about yet. */
  pressed: z.string().optional(),
  openTurn: z.object({turn: TurnRecord, said: amounts, heard: amounts, interrupted: z.boolean()}).optional(),
  speaking: z.string().optional(),
  owner: z.string().optional(),
  assistant: KeptAssistant.optional(),
  greeted: z.boolean(),
  /** The item that was said first, once all of it was heard. */
  disclosed: z.string().optional(),
  answeredBy: z.string().optional(),
  /** It is being recorded. */
  recorded: z.boolean().optional(),
  /** The caller has agreed that it is captured. */
  captured: z.boolean().optional(),
  heldUntil: z.number(),
  /** Since when the caller has heard nothing (`RestoringWait`). Not set by workers of an older version. */
  waits: z.object({since: z.number(), soundUntil: z.number()}).optional(),
  turns: z.number(),
  interruptions: z.number(),
  toolCalls: z.number(),
  tools: z.array(z.tuple([z.string(), ToolCallRecord])).optional(),
  failovers: z.number(),
  keys: z.array(KeysFact).optional(),
  switches: z.number().optional(),
  /** How many times the caller was away, and the absence that is not over; `untilWall` is Unix milliseconds. */
  aways: z.number().default(0),
  away: z.object({callId: z.string(), order: AwayOrder, record: AwayRecord, untilWall: z.number()}).optional(),
});
export type CallSnapshot = z.infer<typeof CallSnapshot>;
