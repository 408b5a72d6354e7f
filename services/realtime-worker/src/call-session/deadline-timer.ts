import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';

/**
 * One timer for all deadlines of a call, told the earliest one after every event. Deadlines mostly move into the future,
 * so a later one does not touch the timer: it comes too soon, looks, and sleeps on.
 */
export class DeadlineTimer {
  readonly #clock: Clock;
  readonly #due: () => void;
  #deadline: Millis | undefined;
  #sleeping: {readonly until: Millis; readonly cancel: Cancel} | undefined;

  constructor(clock: Clock, due: () => void) {
    this.#clock = clock;
    this.#due = due;
  }

  /** Fires once at this moment of the monotonic clock, instead of the moment set before; undefined: does not fire. */
  arm(at: Millis | undefined): void {
    this.#deadline = at;
    if (at === undefined) return this.#cancel();
    if (this.#sleeping && this.#sleeping.until <= at) return;
    const now = this.#clock.now();
    const until = Math.max(at, now + 1);
    if (this.#sleeping && this.#sleeping.until <= until) return;
    this.#cancel();
    this.#sleeping = {until, cancel: this.#clock.after(until - now, () => this.#wake())};
  }

  #cancel(): void {
    this.#sleeping?.cancel();
    this.#sleeping = undefined;
  }

  #wake(): void {
    this.#sleeping = undefined;
    if (this.#deadline !== undefined && this.#deadline > this.#clock.now()) return this.arm(this.#deadline);
    this.#deadline = undefined;
    this.#due();
  }
}
