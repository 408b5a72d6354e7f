import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';

/** How late a caller may come back. One who does not was answered by another webhook, or has hung up. */
const LATE: Millis = 2_000;

/**
 * The callers who were told to wait and who come back in a moment. A webhook that is stopped waits for them and gives each
 * a final answer: if it was the only webhook, they would hear the carrier's message about an application error.
 */
export class HeldCallers {
  readonly #clock: Clock;
  readonly #due = new Map<CallSid, Cancel>();
  #leaving = false;
  #emptied = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the webhook is being stopped: then no caller may be told to wait. */
  get leaving(): boolean {
    return this.#leaving;
  }

  /** The caller was told to wait for this many seconds. */
  hold(callSid: CallSid, seconds: number): void {
    this.back(callSid);
    this.#due.set(
      callSid,
      this.#clock.after(seconds * 1_000 + LATE, () => this.back(callSid)),
    );
  }

  /** The caller has come back, or will not. */
  back(callSid: CallSid): void {
    this.#due.get(callSid)?.();
    this.#due.delete(callSid);
    if (this.#due.size === 0) this.#emptied();
  }

  /** Resolves when every caller who was held has come back or is overdue. */
  async leave(): Promise<void> {
    this.#leaving = true;
    if (this.#due.size > 0) await new Promise<void>(resolve => (this.#emptied = resolve));
  }
}
