import type {ToolCallRecord} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Conversation} from '../conversation/conversation.ts';
import type {SentBefore} from '../barge-in/floor-events.ts';
import type {Fact} from '../events/call-effect.ts';
import type {CallSnapshot, KeptAssistant} from '../events/call-snapshot.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import type {KeysFact} from '../events/keys-fact.ts';
import {RestoringCall} from './restoring-call.ts';
import type {InheritedTurn} from './turn-log.ts';

/** What a worker must know to go on with a call that another worker had. */
export interface RestoredCall {
  /** If the journal begins with a snapshot, only the last part of it, until the call's past was read. */
  readonly conversation: Conversation;
  /** When the call began, in Unix milliseconds. */
  readonly openedWall: number;
  /** The caller has heard at least the beginning of a greeting. */
  readonly greeted: boolean;
  /** The caller has heard the whole of what is said first. */
  readonly disclosed: boolean;
  /** What has answered our call, in the carrier's words. */
  readonly answeredBy: string | undefined;
  /** An owner before was recording it. */
  readonly recorded: boolean;
  /** The caller has agreed that it is captured. */
  readonly captured: boolean;
  readonly answerOwed: boolean;
  /** How long the caller has heard nothing and may have waited for us; negative: they still hear something. */
  readonly waitedMs: Millis;
  /** The reply that was being spoken when the last owner went, if its end never came. */
  readonly cutOffItem: string | undefined;
  /**
   * The stream that the last owner served, up to where on its clock the caller's words are in the conversation, and how many
   * of the keys pressed on it are known; undefined: an owner of an older version did not count them.
   */
  readonly stream:
    | {readonly streamSid: string; readonly settledMs: Millis; readonly digits?: number | undefined}
    | undefined;
  /** Keys that the caller pressed, and that the model was not told of yet. */
  readonly pressed: string;
  /** What Twilio was given on that stream since it was last silenced, and may still have, and how long ago. */
  readonly said: readonly SentBefore[];
  /** The last owner had asked the caller to wait for the model, for so much longer; 0: it had not, or that is over. */
  readonly heldMs: Millis;
  /** Turns that are over, and the one that was not. */
  readonly turns: number;
  readonly openTurn: InheritedTurn | undefined;
  readonly interruptions: number;
  readonly toolCalls: number;
  /** The tool calls by call id; those without a result have `durationMs: null`. */
  readonly tools: ReadonlyMap<string, ToolCallRecord>;
  readonly failovers: number;
  /** What the caller entered for tools, the last last. */
  readonly keys: readonly KeysFact[];
  /** How often the call was given to another assistant. */
  readonly switches: number;
  /** How many times the caller was away… */
  readonly aways: number;
  /** …and the absence that is not over. */
  readonly away: (Omit<NonNullable<CallSnapshot['away']>, 'untilWall'> & {readonly leftMs: Millis}) | undefined;
  /** Who had the call last. */
  readonly owner: string | undefined;
  /** Which assistant has the call, if its first owner says so. */
  readonly assistant: KeptAssistant | undefined;
  /** What the last owner did and had no time to write: an interruption. The next owner writes it. */
  readonly unwritten: readonly Fact[];
}

/** Reads a journal to its end. `nowWall` is the time of day, in Unix milliseconds. */
export function restoreCall(entries: readonly JournalEntry[], nowWall: number): RestoredCall {
  return read(entries).end(nowWall);
}

/** Which assistant has a call: the one that it began with, or another to which it was given. */
export function keptAssistant(entries: readonly JournalEntry[]): KeptAssistant | undefined {
  const given = entries.findLast(entry => entry.is === 'assistant');
  const [first] = entries;
  if (given) return given;
  if (first?.is === 'snapshot') return first.call.assistant;
  return first?.is === 'opened' ? first : undefined;
}

/** What stands for these entries in a journal that is compacted. */
export function snapshotOf(entries: readonly JournalEntry[]): CallSnapshot {
  return read(entries).snapshot(entries.at(-1)?.wall ?? 0);
}

function read(entries: readonly JournalEntry[]): RestoringCall {
  const call = new RestoringCall();
  for (const entry of entries) call.read(entry);
  return call;
}
