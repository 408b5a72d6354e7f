import type {Millis} from '@voicebridge/shared/time.ts';

/** After an outage of Redis subscribers reconnect later than publishers, so for this long silence proves nothing. */
export const SETTLED_MS = 1_000;
/** More moves than a rolling restart of a fleet needs for one call; a call that crashes its workers is stopped here. */
const MOVES_AT_MOST = 6;
const MOVES_WITHIN_MS = 30_000;

/** When one call may be moved to another worker: not because of a Redis outage, and not again and again. */
export class ReassignmentLimit {
  #movedAt: Millis[] = [];

  /** `linkedSince`: since when our connections to Redis have held; undefined while there is none. */
  allows(linkedSince: Millis | undefined, at: Millis): boolean {
    if (linkedSince === undefined || at - linkedSince < SETTLED_MS) return false;
    this.#movedAt = this.#movedAt.filter(moved => at - moved < MOVES_WITHIN_MS);
    return this.#movedAt.length < MOVES_AT_MOST;
  }

  /** The call was moved. */
  moved(at: Millis): void {
    this.#movedAt.push(at);
  }
}
