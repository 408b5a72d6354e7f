import type {Log} from '@voicebridge/shared/observability/log.ts';
import {CAPTURES, readCaptureKey} from '@voicebridge/shared/recordings/capture-key.ts';
import type {RecordingStore} from '@voicebridge/shared/recordings/recording-store.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Kysely} from 'kysely';
import type {DatabaseWatch} from '../database/database-watch.ts';
import type {Schema} from '../database/schema.ts';
import {workOnStore} from './work-on-store.ts';

const LOOKS_EVERY: Millis = 600_000;
const DAY: Millis = 86_400_000;

/**
 * Removes the captures that are older than their retention, and those of calls that were erased: a worker may send one long after that.
 * Returns how many there were.
 */
export async function sweepCaptures(
  db: Kysely<Schema>,
  store: RecordingStore,
  {days, wall}: {readonly days: number; readonly wall: Millis},
): Promise<number> {
  const captures = (await store.list(CAPTURES)).flatMap(({key}) => readCaptureKey(key) ?? []);
  if (captures.length === 0) return 0;
  const rows = await db.selectFrom('erasedCalls').select('callSid').execute();
  const erased = new Set(rows.map(({callSid}) => callSid));
  const oldest = new Date(wall - days * DAY).toISOString().slice(0, 10);
  const gone = captures.filter(({day, callSid}) => day < oldest || erased.has(callSid)).map(({key}) => key);
  await store.remove(gone);
  return gone.length;
}

/** Sweeps every ten minutes while database and store can be used. The disposal waits for the one in hand. */
export function keepCaptures(
  database: DatabaseWatch,
  store: RecordingStore,
  {days, clock, log}: {readonly days: number; readonly clock: Clock; readonly log: Log},
): AsyncDisposable {
  return workOnStore({
    database,
    looksEvery: LOOKS_EVERY,
    async work() {
      const removed = await sweepCaptures(database.now, store, {days, wall: clock.wall()});
      if (removed > 0) log.info({removed}, 'captures removed');
    },
    failed: 'captures cannot be removed: RECORDINGS_URL; they are tried again',
    worksAgain: 'captures can be removed again',
    clock,
    log,
  });
}
