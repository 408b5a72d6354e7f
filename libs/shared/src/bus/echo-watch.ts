import type {Millis} from '../time.ts';

/** How often a message is sent through Redis back to this process, and while no call goes through it. */
export const ECHO_MS = 50;
export const IDLE_ECHO_MS = 250;
/**
 * An echo that is this late: Redis is unwell. With `ECHO_MS` it must be less than the silence after which a peer is dead
 * (failure-detector.ts).
 */
const UNWELL_MS = 100;
/** An echo that is this late: the connection is dead, whatever TCP says. */
const SILENT_MS = 250;
/** After our event loop was blocked for longer than this, messages may have been lost. */
const SLEPT_MS = 500;

/**
 * Decides whether a connection to Redis is well, from the echoes of messages that this process sends to itself. Pure:
 * events and times are parameters.
 *
 * Only silence while our own event loop runs counts. While the loop is busy, an echo may have arrived unread; if that
 * looked like an outage, a busy machine would never declare a dead worker dead.
 */
export class EchoWatch {
  #echoedAt: Millis;
  #dueAt: Millis;
  /** From the tick that sent the last echo which came back, or from the last tick if that is longer, to the next. */
  #period: Millis = ECHO_MS;
  #next: Millis = ECHO_MS;
  /** How long our event loop was blocked since the last echo. */
  #asleep: Millis = 0;
  #wellSince: Millis | undefined;
  #linkedSince: Millis | undefined;

  constructor(at: Millis) {
    this.#echoedAt = at;
    this.#dueAt = at + ECHO_MS;
  }

  /** A new connection was opened. It is well from its first echo on. */
  opened(at: Millis): void {
    this.disconnected();
    this.#echoedAt = at;
    this.#asleep = 0;
  }

  /** The echo came back. */
  echoed(at: Millis): void {
    this.#echoedAt = at;
    this.#asleep = 0;
    this.#period = this.#next;
    this.#wellSince ??= at;
    this.#linkedSince ??= at;
  }

  /** Redis refused to send the echo: it answers, and delivers nothing. */
  refused(at: Millis): void {
    this.#echoedAt = at;
    this.#asleep = 0;
    this.#wellSince = undefined;
  }

  /** The connection was closed. */
  disconnected(): void {
    this.#wellSince = undefined;
    this.#linkedSince = undefined;
  }

  /**
   * Call it before each echo is sent, `next` ms before the next call. Returns true if an open connection must be
   * replaced.
   */
  tick(at: Millis, next: Millis = ECHO_MS): boolean {
    const late = Math.max(0, at - this.#dueAt);
    this.#asleep += late;
    this.#dueAt = at + next;
    this.#next = next;
    this.#period = Math.max(this.#period, next);
    if (late > SLEPT_MS || this.#silence(at) > UNWELL_MS) this.#wellSince = undefined;
    return this.#silence(at) > SILENT_MS;
  }

  /** Since when Redis has answered without a break; undefined while it does not. */
  wellSince(at: Millis): Millis | undefined {
    return this.#silence(at) > UNWELL_MS ? undefined : this.#wellSince;
  }

  /** Since when our connection has been open, however slowly Redis answers on it. */
  get linkedSince(): Millis | undefined {
    return this.#linkedSince;
  }

  /** How long an echo is overdue. */
  #silence(at: Millis): Millis {
    return at - this.#echoedAt - this.#period - this.#asleep - Math.max(0, at - this.#dueAt);
  }
}
