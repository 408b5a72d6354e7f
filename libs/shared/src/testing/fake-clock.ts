import type {Cancel, Clock, Millis} from '../time.ts';

interface Timer {
  readonly due: Millis;
  readonly run: () => void;
}

/** A clock that moves only when a test moves it, and runs due timers in order. */
export class FakeClock implements Clock {
  #now: Millis = 0;
  readonly #wallAtZero: Millis;
  /** In the order in which they run. */
  readonly #timers: Timer[] = [];

  constructor(wallAtZero: Millis = Date.UTC(2026, 0, 1)) {
    this.#wallAtZero = wallAtZero;
  }

  now(): Millis {
    return this.#now;
  }

  wall(): Millis {
    return this.#wallAtZero + this.#now;
  }

  after(delay: Millis, run: () => void): Cancel {
    const timer: Timer = {due: this.#now + Math.max(0, delay), run};
    // Most timers run soon; those of one moment run in the order in which they were made.
    let place = this.#timers.length;
    while (place > 0 && (this.#timers[place - 1]?.due ?? 0) > timer.due) place -= 1;
    this.#timers.splice(place, 0, timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at >= 0) this.#timers.splice(at, 1);
    };
  }

  /** Moves time forward; every timer that is due runs at its own moment. */
  advance(by: Millis): void {
    this.#advanceTo(this.#now + by);
  }

  #advanceTo(end: Millis): void {
    for (let next = this.#timers[0]; next && next.due <= end; next = this.#timers[0]) {
      this.#timers.shift();
      this.#now = Math.max(this.#now, next.due);
      next.run();
    }
    this.#now = end;
  }

  /**
   * Moves time forward from timer to timer, and runs pending promise callbacks after each moment. An hour of a call takes
   * seconds.
   */
  async leap(by: Millis): Promise<void> {
    const end = this.#now + by;
    for (let next = this.#timers[0]; next && next.due <= end; next = this.#timers[0]) {
      this.#advanceTo(Math.max(this.#now, next.due));
      await new Promise<void>(resolve => setImmediate(resolve));
    }
    this.#advanceTo(Math.max(this.#now, end));
  }

  /** Simulates a process that does not run: time passes, and the timers that were due run late, at the end. */
  oversleep(by: Millis): void {
    this.#now += by;
    this.advance(0);
  }

  /** Moves time forward in small steps and runs pending promise callbacks between them. */
  async advanceAsync(by: Millis, step: Millis = 1): Promise<void> {
    for (let moved = 0; moved < by; moved += step) {
      this.advance(Math.min(step, by - moved));
      await flushPromises();
    }
  }

  /** How many timers wait; a leaked timer shows here. */
  get waiting(): number {
    return this.#timers.length;
  }
}

/** Runs the callbacks of all promises that can be settled without more time passing. */
export async function flushPromises(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise<void>(resolve => setImmediate(resolve));
}
