import type {Millis} from '../time.ts';

/** How often a message is sent through Redis back to this process. */
export const ECHO_MS = 50;
/**
 * No echo for this long: Redis is unwell. Must be shorter than the silence after which a peer is dead (failure-
 * detector.ts).
 */
const UNWELL_MS = 150;
/** No echo for this long: the connections are dead, whatever TCP says, and are reopened. */
const RECYCLE_MS = 750;
/** After our event loop was blocked for longer than this, messages may have been lost. */
const SLEPT_MS = 500;

/**
 * Decides whether Redis is well, from the echoes of messages that this process sends to itself. Pure: events and times
 * are parameters.
 *
 * Only silence while our own event loop runs counts. While the loop is busy, an echo may have arrived unread; if that
 * looked like an outage, a busy machine would never declare a dead worker dead.
 */
export class EchoWatch {
  #echoedAt: Millis;
  #recycledAt: Millis;
  #dueAt: Millis;
  /** How long our event loop was blocked since the last echo. */
  #asleep: Millis = 0;
  #wellSince: Millis | undefined;
  #linkedSince: Millis | undefined;

  constructor(at: Millis) {
    this.#echoedAt = at;
    this.#recycledAt = at;
    this.#dueAt = at + ECHO_MS;
  }

  /** The echo came back. */
  echoed(at: Millis): void {
    this.#echoedAt = at;
    this.#asleep = 0;
    this.#wellSince ??= at;
    this.#linkedSince ??= at;
  }

  /** A connection was closed. */
  disconnected(): void {
    this.#wellSince = undefined;
    this.#linkedSince = undefined;
  }

  /** Call it every `ECHO_MS`, before the next echo is sent. Returns true if the connections must be reopened. */
  tick(at: Millis): boolean {
    const late = Math.max(0, at - this.#dueAt);
    this.#asleep += late;
    this.#dueAt = at + ECHO_MS;
    if (late > SLEPT_MS || this.#silence(at) > UNWELL_MS) this.#wellSince = undefined;
    if (this.#silence(at) <= RECYCLE_MS || at - this.#recycledAt <= RECYCLE_MS) return false;
    this.#recycledAt = at;
    return true;
  }

  /** Since when Redis has answered without a break; undefined while it does not. */
  wellSince(at: Millis): Millis | undefined {
    return this.#silence(at) > UNWELL_MS ? undefined : this.#wellSince;
  }

  /** Since when our connections have been open, however slowly Redis answers on them. */
  get linkedSince(): Millis | undefined {
    return this.#linkedSince;
  }

  #silence(at: Millis): Millis {
    return at - this.#echoedAt - this.#asleep - Math.max(0, at - this.#dueAt);
  }
}
