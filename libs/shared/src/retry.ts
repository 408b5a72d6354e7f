import type {Clock, Millis} from './time.ts';

/** Waits `ms` milliseconds, or until `signal` aborts. Never rejects. */
export async function sleep(clock: Clock, ms: Millis, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  const {promise, resolve} = Promise.withResolvers<void>();
  const wake = () => resolve();
  const cancel = clock.after(ms, wake);
  signal?.addEventListener('abort', wake, {once: true});
  await promise;
  cancel();
  signal?.removeEventListener('abort', wake);
}

/**
 * Resolves or rejects as `work` does, and rejects if that takes longer than `ms` milliseconds: then `who` has not answered.
 * `work` goes on. How it ends is ignored.
 */
export async function within<Result>(clock: Clock, ms: Millis, work: Promise<Result>, who = 'redis'): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const cancel = clock.after(ms, () => late.reject(new Error(`${who} has not answered within ${ms} ms`)));
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    cancel();
  }
}

/** Between two tries if the caller of a retry does not say otherwise: a Redis failover takes a second or more. */
const PAUSE_MS: Millis = 100;

/** What is known after a failed try. */
export interface FailedTry {
  /** Failed tries so far; 1 after the first. */
  readonly failures: number;
  /** The pause before the next try in milliseconds; undefined if the list of pauses has ended. */
  readonly againInMs: Millis | undefined;
}

export interface RetryUntilAborted {
  readonly clock: Clock;
  /** Once it aborts, no further try begins. A try in progress is waited for. */
  readonly signal: AbortSignal;
  /** Milliseconds between two tries, 100 if not given. A list has one pause for each retry and ends the retries. */
  readonly pauseMs?: Millis | readonly Millis[];
  /** Called after each failed try; this file does not log. */
  readonly onFailure?: (thrown: unknown, failed: FailedTry) => void;
}

export type Retried<Result> = {readonly ok: true; readonly result: Result} | {readonly ok: false};

/**
 * Tries until it works, until `signal` aborts, or until the list of pauses has ended. The first try begins even if the
 * signal has aborted already. Never rejects. `work` must be idempotent: a try that failed may have taken effect.
 */
export async function retryUntilAborted<Result>(
  work: () => Promise<Result>,
  {clock, signal, pauseMs = PAUSE_MS, onFailure}: RetryUntilAborted,
): Promise<Retried<Result>> {
  for (let failures = 1; ; failures += 1) {
    const againInMs = typeof pauseMs === 'number' ? pauseMs : pauseMs[failures - 1];
    try {
      return {ok: true, result: await work()};
    } catch (thrown) {
      onFailure?.(thrown, {failures, againInMs});
    }
    if (againInMs === undefined) return {ok: false};
    await sleep(clock, againInMs, signal);
    if (signal.aborted) return {ok: false};
  }
}

export interface RetryWithin {
  readonly clock: Clock;
  /** For all tries together, in milliseconds. */
  readonly budgetMs: Millis;
}

/**
 * Tries every 100 ms until it works or the time is over. Rejects with the last failure; a try that is still running
 * then is left alone and may take effect later, so `work` must be idempotent.
 */
export async function retryWithin<Result>(
  work: () => Promise<Result>,
  {clock, budgetMs}: RetryWithin,
): Promise<Result> {
  let failure: unknown = new Error(`no answer within ${budgetMs} ms`);
  const over = Promise.withResolvers<never>();
  const cancel = clock.after(budgetMs, () => over.reject(failure));
  const deadline = clock.now() + budgetMs;
  // The time may run out while no race below listens for it: that is no unhandled rejection.
  over.promise.catch(() => {});
  try {
    for (;;) {
      try {
        return await Promise.race([work(), over.promise]);
      } catch (thrown) {
        failure = thrown;
        if (clock.now() + PAUSE_MS >= deadline) throw thrown;
      }
      await sleep(clock, PAUSE_MS);
    }
  } finally {
    cancel();
  }
}
