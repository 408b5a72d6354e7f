import type {Cancel, Clock, Millis} from '../time.ts';

/** A clock that moves only when a test moves it, and runs due timers in order. */
export class FakeClock implements Clock {
  #now: Millis = 0;
  readonly #wallAtZero: Millis;
  #timers: {due: Millis; order: number; run: () => void}[] = [];
  #order = 0;

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
    const timer = {due: this.#now + Math.max(0, delay), order: this.#order++, run};
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer);
    };
  }

  /** Moves time forward; every timer that is due runs at its own moment. */
  advance(by: Millis): void {
    const end = this.#now + by;
    for (;;) {
      const next = this.#timers
        .filter(timer => timer.due <= end)
        .toSorted((a, b) => a.due - b.due || a.order - b.order)[0];
      if (!next) break;
      this.#timers = this.#timers.filter(timer => timer !== next);
      this.#now = Math.max(this.#now, next.due);
      next.run();
    }
    this.#now = end;
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
