import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';

/** One timer for all deadlines of a call: armed for the earliest one after every event, it fires once for each. */
export class DeadlineTimer {
  readonly #clock: Clock;
  readonly #due: () => void;
  #armed: {readonly at: Millis; readonly cancel: Cancel} | undefined;

  constructor(clock: Clock, due: () => void) {
    this.#clock = clock;
    this.#due = due;
  }

  /** Fires at this moment of the monotonic clock, instead of the moment set before; undefined: does not fire. */
  arm(at: Millis | undefined): void {
    if (at !== undefined && this.#armed?.at === at) return;
    this.#armed?.cancel();
    this.#armed = undefined;
    if (at === undefined) return;
    const cancel = this.#clock.after(Math.max(1, at - this.#clock.now()), () => {
      this.#armed = undefined;
      this.#due();
    });
    this.#armed = {at, cancel};
  }
}
