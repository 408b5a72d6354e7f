/** Milliseconds: a duration, or a moment on the monotonic clock of one process. */
export type Millis = number;

/** Stops a timer; calling it twice, or after the timer ran, does nothing. */
export type Cancel = () => void;

/**
 * The only way the shell learns the time or sets a timer, so that tests can own both.
 * `now` is monotonic and must be used for every time-out; `wall` is Unix time and is only ever stored or shown.
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

/** Runs again and again, `period` after the last run ended, until cancelled. */
export function every(clock: Clock, period: Millis, run: () => void): Cancel {
  let cancel: Cancel = () => {};
  const again = () => {
    cancel = clock.after(period, () => {
      again();
      run();
    });
  };
  again();
  return () => cancel();
}

/** The first of the moments that are known. */
export function earliest(...moments: (Millis | undefined)[]): Millis | undefined {
  const known = moments.filter(moment => moment !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}
