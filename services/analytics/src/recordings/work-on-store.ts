import type {Log} from '@voicebridge/shared/observability/log.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';

export interface StoreWork {
  readonly database: Pick<DatabaseWatch, 'reason'>;
  readonly looksEvery: Millis;
  /** All that is due. Rejects if the store cannot be used; `over`: no more of it is to be begun. */
  readonly work: (over: AbortSignal) => Promise<unknown>;
  /** What the log says once when it fails, and once when it works again. */
  readonly failed: string;
  readonly worksAgain: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Does again and again what is due in the recordings' store, one round at a time, while the database can be used. The disposal
 * waits for the round in hand.
 */
export function workOnStore({database, looksEvery, work, failed, worksAgain, clock, log}: StoreWork): AsyncDisposable {
  let working: Promise<void> | undefined;
  const over = new AbortController();
  let isAway = false;
  const round = async () => {
    try {
      await work(over.signal);
      if (isAway) log.info(worksAgain);
      isAway = false;
    } catch (thrown) {
      if (!isAway) log.warn({err: thrown}, failed);
      isAway = true;
    }
    working = undefined;
  };
  const cancel = every(clock, looksEvery, () => {
    if (database.reason === undefined) working ??= round();
  });
  return {
    async [Symbol.asyncDispose]() {
      cancel();
      over.abort();
      await working;
    },
  };
}
