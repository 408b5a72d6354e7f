import type {Millis} from '@voicebridge/shared/time.ts';

/** After Redis was away its subscribers come back later than its publishers: nobody's silence proves anything yet. */
export const SETTLED_MS = 1_000;
/** More than a rolling restart of a whole fleet costs one call; a call that kills its workers is stopped all the same. */
const MOVES_AT_MOST = 6;
const MOVES_WITHIN_MS = 30_000;

/** When one call may be moved to another worker: never because of Redis, and never in circles. */
export class ReassignmentLimit {
  #movedAt: Millis[] = [];

  /** `linkedSince`: since when our connections to Redis have held; undefined while there is none. */
  allows(linkedSince: Millis | undefined, at: Millis): boolean {
    if (linkedSince === undefined || at - linkedSince < SETTLED_MS) return false;
    this.#movedAt = this.#movedAt.filter(moved => at - moved < MOVES_WITHIN_MS);
    return this.#movedAt.length < MOVES_AT_MOST;
  }

  moved(at: Millis): void {
    this.#movedAt.push(at);
  }
}
