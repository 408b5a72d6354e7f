import type {ToolCallRecord} from '@voicebridge/shared/cdr/call-record.ts';
import type {CallSnapshot} from '../events/call-snapshot.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import type {KeysFact} from '../events/keys-fact.ts';
import type {RestoredCall} from './restore-call.ts';

/** Of the tool calls, a snapshot has the last. */
const KEPT_TOOLS = 40;

type Entry<Is extends JournalEntry['is']> = Extract<JournalEntry, {is: Is}>;
type Snapshot = Pick<CallSnapshot, 'toolCalls' | 'tools' | 'keys' | 'aways' | 'away'>;
type Restored = Pick<RestoredCall, 'toolCalls' | 'tools' | 'keys' | 'aways' | 'away'>;

/** The tools of a call as far as its journal was read: their records, what was entered for them, and the caller’s absences. */
export class RestoringTools {
  #count = 0;
  /** By call id. */
  readonly #records = new Map<string, ToolCallRecord>();
  /** What the caller entered, by the call of the tool. */
  readonly #keys = new Map<string, KeysFact>();
  #aways = 0;
  #away: CallSnapshot['away'];

  called({tool, callId}: Entry<'tool'>): void {
    this.#count = Math.max(this.#count, tool.call + 1);
    if (callId !== undefined) this.#records.set(callId, withoutOldWords(tool));
  }

  entered(entry: Entry<'keys'>): void {
    // The last entry stands last.
    this.#keys.delete(entry.callId);
    this.#keys.set(entry.callId, keysOf(entry));
  }

  absence({away: record, callId, order, ms, wall}: Entry<'away'>): void {
    this.#aways = Math.max(this.#aways, record.away + 1);
    const isOpen = callId !== undefined && order !== undefined && ms !== undefined;
    this.#away = isOpen ? {callId, order, record, untilWall: wall + ms} : undefined;
  }

  /** What is known now that the journal has no more to say. */
  end(nowWall: number): Restored {
    return {
      toolCalls: this.#count,
      tools: this.#records,
      keys: [...this.#keys.values()],
      aways: this.#aways,
      away: this.#away && {...this.#away, leftMs: Math.max(0, this.#away.untilWall - nowWall)},
    };
  }

  /** The state so far, without what is too old to matter. */
  snapshot(): Snapshot {
    return {
      toolCalls: this.#count,
      tools: [...this.#records].slice(-KEPT_TOOLS),
      keys: lastKeys([...this.#keys.values()]),
      aways: this.#aways,
      away: this.#away,
    };
  }

  /** Goes on from a snapshot. */
  goOn({toolCalls, tools, keys, aways, away}: Snapshot): void {
    this.#count = toolCalls;
    for (const [callId, tool] of tools ?? []) this.#records.set(callId, tool);
    for (const entry of keys ?? []) this.#keys.set(entry.callId, entry);
    this.#aways = aways;
    this.#away = away;
  }
}

/** What the next owner needs of a tool call. The words of one that is over are in the journal for the record alone. */
function withoutOldWords(tool: ToolCallRecord): ToolCallRecord {
  return tool.durationMs === null ? tool : {...tool, arguments: null, result: null};
}

function keysOf({callId, as, keys, isWhole}: Entry<'keys'>): KeysFact {
  return {callId, as, keys, isWhole};
}

/** The last entry of each name: a snapshot does not keep what was entered before. */
function lastKeys(all: readonly KeysFact[]): KeysFact[] {
  return [...new Map(all.map(keys => [`${keys.as} ${keys.isWhole}`, keys])).values()];
}
