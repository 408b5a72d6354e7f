import type {Millis} from '@voicebridge/shared/time.ts';
import type {JournalEntry} from '../events/journal-entry.ts';

/** One call writes its journal at most this often, unless an entry is urgent. */
export const WRITE_EVERY: Millis = 300;

/** The most that one write has, in lines and in characters: Redis serves no other client during a write. */
const LINES_AT_ONCE = 500;
const CHARACTERS_AT_ONCE = 262_144;

/** What must not be done twice, by a worker that goes on with the call, is written at once. */
const URGENT: ReadonlySet<JournalEntry['is']> = new Set([
  'opened',
  'owner',
  'stream',
  'greeted',
  'disclosed',
  'answeredBy',
  'hushed',
  'tool',
  'keys',
  'pressed',
  'assistant',
  'held',
  'ended',
]);

type Said = Extract<JournalEntry, {is: 'said'}>;

/**
 * Whether an entry must be written at once: its effect is outside already, and the next owner would repeat it. All
 * others may wait for each other: without its last part a journal is the state a moment ago, and the edge has kept what
 * the caller said since. `lastSaid`: the item that was being said before.
 */
export function isUrgent(entry: JournalEntry, lastSaid: string | undefined): boolean {
  return URGENT.has(entry.is) || (entry.is === 'said' && entry.id !== lastSaid);
}

/**
 * One entry for two pieces of an item that are played without a pause between them; undefined if they are not.
 *
 *   wall ├── from … ms ──┤├── from … ms ──┤     each piece goes out before the one before it was played
 */
export function joined(before: JournalEntry | undefined, next: JournalEntry): Said | undefined {
  if (before?.is !== 'said' || next.is !== 'said') return undefined;
  const isNext = before.id === next.id && before.ms === next.from;
  const isInTime = next.wall >= before.wall && next.wall <= before.wall + (before.ms - before.from);
  if (!isNext || !isInTime) return undefined;
  return {...before, ms: next.ms, ...(next.mark === undefined ? {} : {mark: next.mark})};
}

/**
 * The lines that go out in one write: what waited through an outage of minutes goes in several. One line at least, however long
 * it is.
 */
export function inOneWrite(lines: readonly string[]): readonly string[] {
  let [count, length] = [0, 0];
  for (const line of lines) {
    length += line.length;
    if (count > 0 && (count === LINES_AT_ONCE || length > CHARACTERS_AT_ONCE)) break;
    count += 1;
  }
  return lines.slice(0, count);
}
