import type {Millis} from '@voicebridge/shared/time.ts';
import type {Piece} from './playout-timeline.ts';

/** Where one item must be cut: whole milliseconds of its own audio that were heard. */
export interface Truncation {
  readonly itemId: string;
  readonly audioEndMs: number;
  readonly receivedMs: Millis;
}

/**
 * Heard to within this much of its end, an item was heard: nobody notices the rest, and some servers count an item
 * that much shorter than they sent it, and refuse the cut.
 */
const IGNORED_REST_MS = 100;

/**
 * Where to cut the items of which `unheard` was not heard, in order: each where its first unheard piece begins. One of
 * `unfinished` is cut even if all that arrived was heard, since the model has more of it than we do.
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
