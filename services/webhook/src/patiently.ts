import type {Clock, Millis} from '@voicebridge/shared/time.ts';

const PAUSE: Millis = 100;

/**
 * Does something that fails while Redis is away, again and again for at most `budget`. Rejects with the last failure
 * when the time is over; what was begun may still happen then.
 */
export async function patiently<Result>(clock: Clock, budget: Millis, task: () => Promise<Result>): Promise<Result> {
  let failure: unknown = new Error(`nothing after ${budget} ms`);
  const over = Promise.withResolvers<never>();
  const cancel = clock.after(budget, () => over.reject(failure));
  const deadline = clock.now() + budget;
  // Whoever wins the race below, nobody else may be surprised by this one.
  over.promise.catch(() => {});
  try {
    for (;;) {
      try {
        return await Promise.race([task(), over.promise]);
      } catch (thrown) {
        failure = thrown;
        if (clock.now() + PAUSE >= deadline) throw thrown;
      }
      await new Promise<void>(resolve => clock.after(PAUSE, resolve));
    }
  } finally {
    cancel();
  }
}
