import {sql, type Kysely} from 'kysely';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Schema} from '../database/schema.ts';

/** A day (UTC) that is to be written, as it was when it was claimed. */
export interface DueDay {
  /** `2026-11-28`. */
  readonly day: string;
  readonly wanted: number;
  readonly attempts: number;
}

/** Nobody else writes a day that is being written, for so long: a process that is killed leaves it to another one. */
const CLAIMED_FOR = '10 minutes';

/** The day of a call, for a statement. */
const dayOf = (column: string) => sql`(${sql.ref(column)} AT TIME ZONE 'UTC')::date`;

/**
 * Every day before `today` that has calls is wanted, if it was never written or if a record of it came later. Idempotent.
 * Returns how many days are wanted by that.
 */
export async function wantDays(db: Kysely<Schema>, today: string): Promise<number> {
  const {numAffectedRows = 0n} = await sql`
    INSERT INTO exports (day)
    SELECT ${dayOf('startedAt')} AS day FROM calls WHERE ${dayOf('startedAt')} < ${today}::date GROUP BY 1
    ON CONFLICT (day) DO UPDATE SET wanted = exports.wanted + 1, wanted_at = now(), look_at = now(), attempts = 0
    WHERE exports.wanted = exports.written AND exports.recorded_until < (
      SELECT max(date_trunc('milliseconds', recorded_at)) FROM calls WHERE started_at >= exports.day::timestamp AT TIME ZONE 'UTC'
        AND started_at < (exports.day + 1)::timestamp AT TIME ZONE 'UTC')`.execute(db);
  return Number(numAffectedRows);
}

/** What is exported of these days has changed: a call of it was erased, or tagged. Days that were never written stay out. */
export async function exportChanged(db: Kysely<Schema>, startedAts: readonly Date[]): Promise<void> {
  const days = [...new Set(startedAts.map(at => at.toISOString().slice(0, 10)))];
  if (days.length === 0) return;
  await sql`
    UPDATE exports SET wanted = wanted + 1, look_at = now(), attempts = 0,
      wanted_at = CASE WHEN wanted = written THEN now() ELSE wanted_at END
    WHERE day = ANY (${days}::date[])`.execute(db);
}

/** The day that is written next, claimed for this process; undefined if there is none. */
export async function claimDay(db: Kysely<Schema>): Promise<DueDay | undefined> {
  const {rows} = await sql<DueDay>`
    UPDATE exports SET look_at = now() + ${sql.lit(CLAIMED_FOR)}::interval
    WHERE day = (
      SELECT day FROM exports WHERE wanted <> written AND look_at <= now() ORDER BY look_at, day LIMIT 1
      FOR UPDATE SKIP LOCKED)
    RETURNING to_char(day, 'YYYY-MM-DD') AS day, wanted, attempts`.execute(db);
  return rows[0];
}

/** The day is written as it was when it was claimed. What changed meanwhile is written again. */
export async function dayWritten(
  db: Kysely<Schema>,
  {day, wanted}: DueDay,
  recordedUntil: Date | undefined,
): Promise<void> {
  await sql`
    UPDATE exports SET written = ${wanted}, attempts = 0, recorded_until = coalesce(${recordedUntil ?? null}::timestamptz, now()), look_at = now()
    WHERE day = ${day}::date`.execute(db);
}

/** It could not be written: the next try is after `afterMs`. */
export async function dayFailed(db: Kysely<Schema>, {day}: DueDay, afterMs: Millis): Promise<void> {
  await sql`
    UPDATE exports SET attempts = attempts + 1, look_at = now() + ${sql.lit(`${Math.round(afterMs)} milliseconds`)}::interval
    WHERE day = ${day}::date`.execute(db);
}

/** How many days are not up to date, and for how long the first, in seconds. */
export async function exportsWaiting(db: Kysely<Schema>): Promise<{readonly days: number; readonly seconds: number}> {
  const {rows} = await sql<{days: number; seconds: number}>`
    SELECT count(*)::int AS days, coalesce(extract(epoch FROM now() - min(wanted_at)), 0)::float8 AS seconds
    FROM exports WHERE wanted <> written`.execute(db);
  return rows[0] ?? {days: 0, seconds: 0};
}

/** Nothing of these days is in the store any more. */
export async function forgetDays(db: Kysely<Schema>, before: string): Promise<void> {
  await sql`DELETE FROM exports WHERE day < ${before}::date`.execute(db);
}
