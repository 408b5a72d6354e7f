import type {Cancel, Clock, Millis} from '../time.ts';

/** What is logged when an outage is over. */
export interface Outage {
  readonly lastedMs: Millis;
  readonly failures: number;
}

export interface OutageLines {
  /** Called at the first failure. */
  away(thrown: unknown): void;
  /** Called now and then while it fails: each minute, at most. */
  still?(outage: Outage): void;
  /** Called when it has worked again for `settled` milliseconds. */
  back(outage: Outage): void;
}

/** How often an outage that lasts is told again. */
const REMIND_EVERY: Millis = 60_000;

/**
 * Logs one line when something fails and one when it has worked again for a while, however often it fails in between: a
 * peer that flaps must not fill the log.
 */
export class OutageLog implements Disposable {
  readonly #clock: Clock;
  readonly #settled: Millis;
  readonly #lines: OutageLines;
  #since: Millis | undefined;
  #failures = 0;
  #toldAt: Millis = 0;
  #settling: Cancel | undefined;

  constructor(clock: Clock, settled: Millis, lines: OutageLines) {
    this.#clock = clock;
    this.#settled = settled;
    this.#lines = lines;
  }

  failed(thrown: unknown): void {
    this.#settling?.();
    this.#settling = undefined;
    this.#failures += 1;
    const now = this.#clock.now();
    if (this.#since !== undefined) {
      if (now - this.#toldAt < REMIND_EVERY) return;
      this.#toldAt = now;
      this.#lines.still?.({lastedMs: Math.round(now - this.#since), failures: this.#failures});
      return;
    }
    this.#since = this.#toldAt = now;
    this.#lines.away(thrown);
  }

  worked(): void {
    if (this.#since === undefined || this.#settling !== undefined) return;
    const lastedMs = Math.round(this.#clock.now() - this.#since);
    this.#settling = this.#clock.after(this.#settled, () => {
      this.#settling = undefined;
      this.#since = undefined;
      const failures = this.#failures;
      this.#failures = 0;
      this.#lines.back({lastedMs, failures});
    });
  }

  [Symbol.dispose](): void {
    this.#settling?.();
  }
}
