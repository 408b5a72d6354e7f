import type {Millis} from '@voicebridge/shared/time.ts';
import type {Piece} from './playout-timeline.ts';

/** Where to truncate one item. `audioEndMs`: how much of its audio the caller heard, in whole milliseconds. */
export interface Truncation {
  readonly itemId: string;
  readonly audioEndMs: number;
  readonly receivedMs: Millis;
}

/**
 * An item that was heard to within this much of its end is not truncated. The rest is too short to matter, and some
 * servers count an item that much shorter than they sent it and would refuse the truncation.
 */
const IGNORED_REST_MS = 100;

/**
 * Where to truncate the items that the pieces in `unheard` belong to: each at the start of its first unheard piece.
 * Items in `unfinished` are truncated even if everything that arrived was heard, because the model holds more of them
 * than has arrived here.
 */
export function truncationsOf(
  unheard: readonly Piece[],
  unfinished: ReadonlySet<string>,
  receivedMs: (itemId: string) => Millis,
): Truncation[] {
  const heardMs = new Map<string, Millis>();
  for (const {itemId, itemFrom} of unheard) if (!heardMs.has(itemId)) heardMs.set(itemId, itemFrom);
  for (const itemId of unfinished) if (!heardMs.has(itemId)) heardMs.set(itemId, receivedMs(itemId));
  return [...heardMs].flatMap(([itemId, heard]) => {
    const received = receivedMs(itemId);
    if (heard > 0 && !unfinished.has(itemId) && received - heard <= IGNORED_REST_MS) return [];
    return [{itemId, audioEndMs: Math.floor(Math.min(heard, received)), receivedMs: received}];
  });
}
