/** Milliseconds: a duration, or a moment on the monotonic clock of one process. */
export type Millis = number;

/** Stops a timer. Idempotent, also after the timer ran. */
export type Cancel = () => void;

/**
 * The only source of time and timers, so that tests can control both. `now` is monotonic: use it for every time-out.
 * `wall` is Unix time: store or show it only.
 */
export interface Clock {
  /** Monotonic milliseconds with a fraction; comparable within one process only. */
  now(): Millis;
  /** Unix time in milliseconds; may jump. */
  wall(): Millis;
  /** Runs once, `delay` from now. */
  after(delay: Millis, run: () => void): Cancel;
}

/** The real clock. Its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(delay, run) {
    const timer = setTimeout(run, delay);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** The earliest of the moments that are defined. */
export function earliest(...moments: (Millis | undefined)[]): Millis | undefined {
  let first: Millis | undefined;
  for (const moment of moments) if (moment !== undefined && (first === undefined || moment < first)) first = moment;
  return first;
}
