import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {RecordingStore} from '@voicebridge/shared/recordings/recording-store.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Kysely} from 'kysely';
import type {DatabaseWatch} from '../database/database-watch.ts';
import type {Schema} from '../database/schema.ts';
import {workOnStore} from '../recordings/work-on-store.ts';
import {EXPORTS, exportDay, readExportKey} from './export-day.ts';
import {claimDay, dayFailed, dayWritten, exportsWaiting, forgetDays, wantDays} from './export-rows.ts';

const LOOKS_EVERY: Millis = 30_000;
const DAY: Millis = 86_400_000;
/** A store that refuses is tried again after a minute, then after twice as long each time. */
const RESTS: Millis = 60_000;
const RESTS_AT_MOST: Millis = 3_600_000;

/** Days to keep calls and turns; 0 keeps them for ever. What was exported is kept as long. */
export interface ExportRetention {
  readonly calls: number;
  readonly turns: number;
}

/** Writes one day that is not up to date. Resolves with false if there is none. */
export async function exportNext(db: Kysely<Schema>, store: RecordingStore): Promise<boolean> {
  const due = await claimDay(db);
  if (!due) return false;
  try {
    await dayWritten(db, due, await exportDay(db, store, due.day));
  } catch (thrown) {
    await dayFailed(db, due, Math.min(RESTS_AT_MOST, RESTS * 2 ** Math.min(due.attempts, 10)));
    throw thrown;
  }
  return true;
}

/** Removes from the store what is older than its table's retention. */
export async function pruneExports(
  db: Kysely<Schema>,
  store: RecordingStore,
  {calls, turns}: ExportRetention,
  wall: Millis,
): Promise<number> {
  const oldest = (days: number) => (days === 0 ? '' : dayOf(wall - days * DAY));
  const gone = (await store.list(EXPORTS)).filter(({key}) => {
    const object = readExportKey(key);
    return object && object.day < oldest(object.table === 'calls' ? calls : turns);
  });
  await store.remove(gone.map(({key}) => key));
  if (calls !== 0) await forgetDays(db, oldest(calls));
  return gone.length;
}

export interface ExportDeps {
  readonly database: DatabaseWatch;
  readonly store: RecordingStore;
  /** The hour of the day (UTC) from which on the day before is written. */
  readonly hour: number;
  readonly retention: ExportRetention;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Exports the calls of each day to the recordings' store, once a night, and again what changes later. Of several processes one writes
 * a day. What fails is tried again, and harms nothing else. The disposal waits for the day in hand.
 */
export function keepExports({database, store, hour, retention, metrics, clock, log}: ExportDeps): AsyncDisposable {
  /** The night whose days are wanted already. */
  let night = '';
  const exportAll = async (over: AbortSignal) => {
    const wall = clock.wall();
    const today = dayOf(wall);
    if (today !== night && new Date(wall).getUTCHours() >= hour) {
      const days = await wantDays(database.now, today);
      const removed = await pruneExports(database.now, store, retention, wall);
      night = today;
      log.info({days, removed}, 'calls are exported');
    }
    while (!over.aborted && (await exportNext(database.now, store)));
  };
  const measure = async () => metrics.exportAge.set((await exportsWaiting(database.now)).seconds);
  return workOnStore({
    database,
    looksEvery: LOOKS_EVERY,
    async work(over) {
      try {
        await exportAll(over);
      } finally {
        // After a failure, too: the alert is about what waits then.
        await measure().catch(() => {});
      }
    },
    failed: 'calls cannot be exported: RECORDINGS_URL; they are tried again',
    worksAgain: 'calls can be exported again',
    clock,
    log,
  });
}

const dayOf = (wall: Millis) => new Date(wall).toISOString().slice(0, 10);
