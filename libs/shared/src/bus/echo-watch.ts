import type {Millis} from '../time.ts';

/** We talk to ourselves through Redis this often. */
export const ECHO_MS = 50;
/** No echo for this long: Redis is unwell. Shorter than the silence that proves a peer dead (peer-watch.ts). */
const UNWELL_MS = 150;
/** No echo for this long: the connections are dead whatever TCP says, and are opened anew. */
const RECYCLE_MS = 750;
/** Who slept longer than this may have missed what was said, and begins anew. */
const SLEPT_MS = 500;

/**
 * Whether Redis is well, judged by the echo of what we say to ourselves. Pure: what happened and the time go in.
 *
 * A silence counts only as long as we were awake to hear: while our own event loop is busy the echo waits unread, and
 * that must not look like an outage, or a busy machine would never dare to call a dead worker dead.
 */
export class EchoWatch {
  #echoedAt: Millis;
  #recycledAt: Millis;
  #dueAt: Millis;
  /** How much of the time since the last echo we were not awake. */
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

  /** A connection is gone. */
  disconnected(): void {
    this.#wellSince = undefined;
    this.#linkedSince = undefined;
  }

  /** To be called every `ECHO_MS`, before the next echo is sent. True: open the connections anew. */
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

  /** Since when our connections have held, however slow Redis answers on them. */
  get linkedSince(): Millis | undefined {
    return this.#linkedSince;
  }

  #silence(at: Millis): Millis {
    return at - this.#echoedAt - this.#asleep - Math.max(0, at - this.#dueAt);
  }
}
