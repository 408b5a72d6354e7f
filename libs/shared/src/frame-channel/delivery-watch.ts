import type {Millis} from '../time.ts';

/** The other side confirms within this time and a round trip, also where nothing else is sent that carries it. */
const CONFIRMED_WITHIN: Millis = 300;
/** If two looks are further apart, this process was busy, and a confirmation may wait unread. */
const BUSY: Millis = 75;

/**
 * Knows since when nothing that is sent reaches the other side, by its confirmations. What was sent then arrives all at
 * once, when the network works again. Pure: moments are parameters.
 *
 *   sent       a b c d e f g h                       everything is confirmed within 300 ms,
 *   confirmed  a b c . . . . . . . . . . d…h         or has not arrived since `d` was sent
 */
export class DeliveryWatch {
  #since: Millis | undefined;
  #gaveUp = false;
  #lookedAt: Millis = Number.NEGATIVE_INFINITY;
  #judgeFrom: Millis = Number.NEGATIVE_INFINITY;

  /** When the oldest of what does not arrive was sent; undefined: everything arrives. */
  get undeliveredSince(): Millis | undefined {
    return this.#since;
  }

  /** Whether some of what does not arrive was given up, so that it never will. */
  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  /** Some of it is given up. `sentAt`: when the oldest of it was sent. Returns whether anything has changed. */
  giveUp(sentAt: Millis): boolean {
    if (this.#gaveUp) return false;
    this.#gaveUp = true;
    this.#since ??= sentAt;
    return true;
  }

  /** To be called each 10 to 30 ms. `oldest`: when the oldest unconfirmed frame was first sent. Returns whether anything has changed. */
  look(oldest: Millis | undefined, hopMs: Millis, at: Millis): boolean {
    if (at - this.#lookedAt > BUSY) this.#judgeFrom = at;
    this.#lookedAt = at;
    if (this.#since !== undefined || oldest === undefined) return false;
    if (at - Math.max(oldest, this.#judgeFrom) < CONFIRMED_WITHIN + 2 * hopMs) return false;
    this.#since = oldest;
    return true;
  }

  /** The other side has confirmed frames. `oldest`: of those that are left. Returns whether anything has changed. */
  confirmed(oldest: Millis | undefined, at: Millis): boolean {
    if (this.#since === undefined || this.#since === oldest) return false;
    this.#since = oldest !== undefined && at - oldest >= CONFIRMED_WITHIN ? oldest : undefined;
    if (this.#since === undefined) this.#gaveUp = false;
    return true;
  }
}
