import type {Log} from '@voicebridge/shared/observability/log.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import {sql, type Kysely, type RawBuilder} from 'kysely';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {type Kind, noteDeletion} from '../database/deleted-before.ts';
import {expireRecordings} from '../recordings/recording-rows.ts';
import type {Schema} from '../database/schema.ts';

/** Days to keep each kind of record; 0 keeps it for ever. */
export interface Retention {
  readonly calls: number;
  readonly turns: number;
  readonly transcripts: number;
  readonly recordings: number;
}

const HOUR: Millis = 3_600_000;
const DAY: Millis = 24 * HOUR;
const FIRST_SWEEP: Millis = 600_000;
/** Rows per statement, so that a query never waits long for a sweep. */
const CHUNK = 5_000;
/** A job may be repeated for seven days, and a call lasts one; after that what was erased cannot come back. */
const KEEP_ERASED: Millis = 30 * DAY;
const KEEP_AUDIT: Millis = 365 * DAY;
/** What was told, and what was given up, can be looked at for so long. */
const KEEP_DELIVERIES: Millis = 30 * DAY;
const KEEP_SESSIONS: Millis = DAY;

/** Deletes what is older than its retention. Returns the number of deleted rows by table. */
export async function sweep(db: Kysely<Schema>, retention: Retention, wall: Millis): Promise<Record<string, number>> {
  const limits: readonly (readonly [table: string, column: string, age: Millis | undefined, kind?: Kind])[] = [
    ['transcripts', 'started_at', ageOf(retention.transcripts), 'transcripts'],
    ['turns', 'started_at', ageOf(retention.turns), 'turns'],
    ['interruptions', 'started_at', ageOf(retention.turns), 'turns'],
    ['tool_calls', 'started_at', ageOf(retention.turns), 'turns'],
    ['failovers', 'started_at', ageOf(retention.turns), 'turns'],
    ['calls', 'started_at', ageOf(retention.calls), 'calls'],
    ['erased_calls', 'erased_at', KEEP_ERASED],
    ['forgotten_numbers', 'forgotten_at', KEEP_ERASED],
    ['audit', 'at', KEEP_AUDIT],
    ['sessions', 'created_at', KEEP_SESSIONS],
    ['deliveries', 'created_at', KEEP_DELIVERIES],
  ];
  const deleted: Record<string, number> = {};
  for (const [table, column, age, kind] of limits) {
    if (age === undefined) continue;
    const limit = new Date(wall - age);
    if (kind !== undefined) await noteDeletion(db, kind, table, limit);
    const count = await deleteBefore(db, table, column, limit);
    if (count > 0) deleted[table] = count;
  }
  const age = ageOf(retention.recordings);
  const limit = age === undefined ? undefined : new Date(wall - age);
  if (limit !== undefined) await noteDeletion(db, 'recordings', 'recordings', limit);
  const expired = await expireRecordings(db, limit);
  if (expired > 0) deleted['recordings'] = expired;
  const words = ageOf(retention.transcripts);
  if (words !== undefined) await forgetWords(db, new Date(wall - words));
  return deleted;
}

function ageOf(days: number): Millis | undefined {
  return days === 0 ? undefined : days * DAY;
}

async function deleteBefore(db: Kysely<Schema>, table: string, column: string, limit: Date): Promise<number> {
  return await inChunks(
    db,
    sql`
    DELETE FROM ${sql.table(table)} WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM ${sql.table(table)} WHERE ${sql.ref(column)} < ${limit} LIMIT ${sql.lit(CHUNK)}))`,
  );
}

/** What was noted, and what tools were asked and answered, are words of a call: kept as long as its transcript. */
async function forgetWords(db: Kysely<Schema>, limit: Date): Promise<void> {
  await inChunks(
    db,
    sql`
    UPDATE tool_calls SET arguments = NULL, result = NULL WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM tool_calls WHERE started_at < ${limit} AND (arguments IS NOT NULL OR result IS NOT NULL)
      LIMIT ${sql.lit(CHUNK)}))`,
  );
  await inChunks(
    db,
    sql`
    DELETE FROM remarks WHERE ctid = ANY (ARRAY(
      SELECT remarks.ctid FROM remarks JOIN calls USING (call_sid) WHERE calls.started_at < ${limit} LIMIT ${sql.lit(CHUNK)}))`,
  );
  await inChunks(
    db,
    sql`
    UPDATE calls SET notes = NULL WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM calls WHERE started_at < ${limit} AND notes IS NOT NULL LIMIT ${sql.lit(CHUNK)}))`,
  );
}

/** Runs a statement that changes `CHUNK` rows at most until there are no more. Returns how many it changed. */
async function inChunks(db: Kysely<Schema>, statement: RawBuilder<unknown>): Promise<number> {
  let changed = 0;
  for (;;) {
    const {numAffectedRows = 0n} = await statement.execute(db);
    changed += Number(numAffectedRows);
    if (numAffectedRows < BigInt(CHUNK)) return changed;
  }
}

/**
 * Sweeps ten minutes after the start, and then each hour, while the database can be used: a process that never lives for
 * an hour deletes too.
 */
export function keepRetention(database: DatabaseWatch, retention: Retention, clock: Clock, log: Log): Cancel {
  const sweepNow = () => {
    if (database.reason !== undefined) return;
    const swept = async () => {
      const deleted = await sweep(database.now, retention, clock.wall());
      if (database.kind === 'embedded') await tidy(database.now);
      return deleted;
    };
    swept().then(
      deleted => log.info({deleted}, 'retention swept'),
      (thrown: unknown) => log.warn({err: thrown}, 'retention could not sweep; it tries again within an hour'),
    );
  };
  const cancels = [clock.after(FIRST_SWEEP, sweepNow), every(clock, HOUR, sweepNow)];
  return () => {
    for (const cancel of cancels) cancel();
  };
}

/**
 * PostgreSQL vacuums by itself, the embedded database does not. Without it, space is never reused, and index-only scans
 * are impossible because the visibility map is out of date.
 */
async function tidy(db: Kysely<Schema>): Promise<void> {
  await sql`VACUUM (ANALYZE)`.execute(db);
}
