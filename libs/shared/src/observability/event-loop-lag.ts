import {every, type Cancel, type Clock, type Millis} from '../time.ts';

const LOOK_EVERY_MS = 50;
const LOOKS = 20;

/** How late the timers of this process fire: the worst of the last second. */
export class EventLoopLag {
  readonly #late: Millis[] = [];
  readonly #stop: Cancel;

  constructor(clock: Clock) {
    let due = clock.now() + LOOK_EVERY_MS;
    this.#stop = every(clock, LOOK_EVERY_MS, () => {
      const at = clock.now();
      this.#late.push(Math.max(0, at - due));
      if (this.#late.length > LOOKS) this.#late.shift();
      due = at + LOOK_EVERY_MS;
    });
  }

  get worst(): Millis {
    return Math.max(0, ...this.#late);
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
