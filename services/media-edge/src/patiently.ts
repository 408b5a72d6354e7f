import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';

/** Waits, or stops waiting when the signal says so. */
export async function pause(clock: Clock, delay: Millis, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const {promise, resolve} = Promise.withResolvers<void>();
  const stop = () => resolve();
  const cancel = clock.after(delay, stop);
  signal.addEventListener('abort', stop, {once: true});
  await promise;
  cancel();
  signal.removeEventListener('abort', stop);
}

export interface Patience {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** What is tried, for the log. */
  readonly what: string;
}

/**
 * Does what may fail while Redis is away: once, and again every 100 ms until it works or the signal says that nobody
 * needs it any more. What it does must be harmless when done twice.
 */
export async function patiently<Result>(
  work: () => Promise<Result>,
  {clock, signal, log, what}: Patience,
): Promise<{readonly ok: true; readonly result: Result} | {readonly ok: false}> {
  for (let failures = 0; ; failures += 1) {
    try {
      return {ok: true, result: await work()};
    } catch (thrown) {
      if (failures === 0) log.warn({err: thrown, what}, 'failed, trying again');
    }
    await pause(clock, 100, signal);
    if (signal.aborted) return {ok: false};
  }
}
