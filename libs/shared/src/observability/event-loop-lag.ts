import {every} from '../ticker.ts';
import type {Cancel, Clock, Millis} from '../time.ts';

const LOOK_EVERY_MS = 50;
const LOOKS = 20;

/** How late the timers of this process fire: the worst of the last second. */
export class EventLoopLag {
  readonly #late: Millis[] = [];
  readonly #stop: Cancel;

  constructor(clock: Clock) {
    this.#stop = every(clock, LOOK_EVERY_MS, late => {
      this.#late.push(late);
      if (this.#late.length > LOOKS) this.#late.shift();
    });
  }

  get worst(): Millis {
    return Math.max(0, ...this.#late);
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
