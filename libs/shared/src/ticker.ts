import type {Cancel, Clock, Millis} from './time.ts';

/** Work that is due in less than this runs with what is due now: timers fire up to a millisecond early. */
const EARLY: Millis = 1;

interface Periodic {
  readonly period: Millis;
  /** `late`: how long after its moment it runs. */
  readonly run: (late: Millis) => void;
  due: Millis;
}

/**
 * All periodic work of one process on one timer. A period of 50 ms is due at the multiples of 50 ms, so that what is due
 * every 25, 50, 250 and 1,000 ms comes in the same wake-up: waking an idle process costs more than most of what it then
 * does. What was missed while the event loop was busy is left out.
 */
class Ticker {
  readonly #clock: Clock;
  readonly #all = new Set<Periodic>();
  #next: {readonly at: Millis; readonly cancel: Cancel} | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  every(period: Millis, run: (late: Millis) => void): Cancel {
    const periodic = {period, run, due: following(this.#clock.now(), period)};
    this.#all.add(periodic);
    this.#wait();
    return () => {
      if (this.#all.delete(periodic)) this.#wait();
    };
  }

  /** Waits for the next moment at which something is due. */
  #wait(): void {
    const at = Math.min(...[...this.#all].map(({due}) => due));
    if (at === this.#next?.at) return;
    this.#next?.cancel();
    this.#next = undefined;
    if (this.#all.size === 0) return;
    this.#next = {at, cancel: this.#clock.after(Math.max(0, at - this.#clock.now()), () => this.#tick())};
  }

  #tick(): void {
    this.#next = undefined;
    const now = this.#clock.now() + EARLY;
    const due = [...this.#all].filter(periodic => periodic.due <= now);
    const lates = due.map(periodic => Math.max(0, now - EARLY - periodic.due));
    for (const periodic of due) periodic.due = following(now, periodic.period);
    this.#wait();
    const thrown: unknown[] = [];
    due.forEach((periodic, index) => {
      if (!this.#all.has(periodic)) return;
      try {
        periodic.run(lates[index] ?? 0);
      } catch (error) {
        thrown.push(error);
      }
    });
    // One that fails is a bug, and does not keep the others from their work.
    if (thrown.length > 0) throw thrown[0];
  }
}

/** The first multiple of `period` after a moment. */
function following(moment: Millis, period: Millis): Millis {
  return (Math.floor(moment / period) + 1) * period;
}

const tickers = new WeakMap<Clock, Ticker>();

/**
 * Calls `run` every `period` milliseconds until cancelled: at the multiples of the period on this clock, so that all
 * periodic work of the process shares its wake-ups. The first call comes within one period. Use periods that are multiples
 * of each other, such as 25, 50, 250 and 1,000 ms.
 */
export function every(clock: Clock, period: Millis, run: (late: Millis) => void): Cancel {
  const ticker = tickers.get(clock) ?? new Ticker(clock);
  tickers.set(clock, ticker);
  return ticker.every(period, run);
}

/**
 * The same for work that rests while nobody needs it. Call the result with whether it is needed, as often as you like, and
 * with false at the end.
 */
export function everyWhile(clock: Clock, period: Millis, run: () => void): (isNeeded: boolean) => void {
  let cancel: Cancel | undefined;
  return isNeeded => {
    if (isNeeded) {
      cancel ??= every(clock, period, run);
      return;
    }
    cancel?.();
    cancel = undefined;
  };
}
