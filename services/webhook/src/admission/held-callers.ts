import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';

/** So much later than told a caller may still come back; another webhook may have answered, or the caller hung up. */
const LATE: Millis = 2_000;

/**
 * The callers who were told to ask again in a moment. A webhook that leaves tells each of them how it ends before it
 * goes: where it was the only one, they would hear Twilio's words about an application error.
 */
export class HeldCallers {
  readonly #clock: Clock;
  readonly #due = new Map<CallSid, Cancel>();
  #leaving = false;
  #emptied = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether no caller may be told to come back any more. */
  get leaving(): boolean {
    return this.#leaving;
  }

  /** The caller was told to ask again in so many seconds. */
  hold(callSid: CallSid, seconds: number): void {
    this.back(callSid);
    this.#due.set(
      callSid,
      this.#clock.after(seconds * 1_000 + LATE, () => this.back(callSid)),
    );
  }

  /** The caller asks again, or will not. */
  back(callSid: CallSid): void {
    this.#due.get(callSid)?.();
    this.#due.delete(callSid);
    if (this.#due.size === 0) this.#emptied();
  }

  /** Resolves when every caller who was held has come back, or is overdue. */
  async leave(): Promise<void> {
    this.#leaving = true;
    if (this.#due.size > 0) await new Promise<void>(resolve => (this.#emptied = resolve));
  }
}
