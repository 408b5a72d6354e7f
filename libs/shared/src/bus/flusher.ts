import type {Cancel, Clock} from '../time.ts';
import {FlushPlan} from './flush-plan.ts';
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
    const time = this.#plan.wants(urgency, this.#clock);
    if (time === undefined) return;
    this.#cancel();
    if (time === 'turn') setImmediate(this.#run);
    else this.#cancel = this.#clock.after(time, this.#run);
  }

  readonly #run = () => {
    this.#plan.flushed(this.#clock.now());
    this.#flush();
  };

  [Symbol.dispose](): void {
    this.#cancel();
  }
}
