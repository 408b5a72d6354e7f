import type {Cancel, Clock} from '../time.ts';
import {FlushPlan, type FlushTime} from './flush-plan.ts';
import type {Urgency} from './media-bus.ts';

/** Writes what waits, when the plan says so. */
export class Flusher implements Disposable {
  readonly #plan = new FlushPlan();
  readonly #clock: Clock;
  readonly #flush: () => void;
  #cancel: Cancel = () => {};

  constructor(clock: Clock, flush: () => void) {
    this.#clock = clock;
    this.#flush = flush;
  }

  wants(urgency: Urgency): void {
    this.#wait(this.#plan.wants(urgency, this.#clock));
  }

  #wait(time: FlushTime | undefined): void {
    if (time === 'turn') setImmediate(this.#run);
    else if (time !== undefined) this.#cancel = this.#clock.after(time, this.#paused);
  }

  readonly #paused = () => this.#wait(this.#plan.paused(this.#clock.now()));

  readonly #run = () => {
    this.#plan.flushed(this.#clock.now());
    this.#flush();
  };

  [Symbol.dispose](): void {
    this.#cancel();
  }
}
