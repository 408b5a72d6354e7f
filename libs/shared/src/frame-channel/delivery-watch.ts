import type {Millis} from '../time.ts';

/** The other side confirms within this time and a round trip, also where nothing else is sent that carries it. */
const CONFIRMED_WITHIN: Millis = 300;
/** Frames that are no audio are confirmed sooner. A clear must not be judged before it is known to have arrived. */
const CONTROL_CONFIRMED_WITHIN: Millis = 150;
/** If two looks are further apart, this process was busy, and a confirmation may wait unread. */
const BUSY: Millis = 75;

/** When the oldest frames were first sent that are not confirmed: of all, and of those that are no audio. */
export interface Unconfirmed {
  readonly oldestAt: Millis | undefined;
  readonly oldestControlAt: Millis | undefined;
}

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

  /** To be called each 10 to 30 ms. Returns whether anything has changed. */
  look(unconfirmed: Unconfirmed, hopMs: Millis, at: Millis): boolean {
    if (at - this.#lookedAt > BUSY) this.#judgeFrom = at;
    this.#lookedAt = at;
    if (this.#since !== undefined) return false;
    const {oldestAt, oldestControlAt} = unconfirmed;
    const waited = (sentAt = Number.POSITIVE_INFINITY) => at - Math.max(sentAt, this.#judgeFrom) - 2 * hopMs;
    if (waited(oldestAt) < CONFIRMED_WITHIN && waited(oldestControlAt) < CONTROL_CONFIRMED_WITHIN) return false;
    this.#since = oldestAt;
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
