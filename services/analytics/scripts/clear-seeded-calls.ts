import {sql} from 'kysely';
import type {Database} from '../src/database/database.ts';
import {SEEDED_CALLEE_HASH} from './plausible-summary.ts';

/** Calls per statement, so that each is far below the statement timeout of the database. */
const BATCH = 2_000;

/**
 * Deletes every seeded call with its turns, interruptions, tool calls, failovers and words, whatever options it was
 * seeded with. Calls from the queue are left alone. Returns how many calls were deleted; `progress` is given the
 * number so far.
 */
export async function clearSeededCalls(database: Database, progress: (calls: number) => void = () => {}) {
  await database.prepare();
  const db = database.kysely;
  let deleted = 0;
  for (;;) {
    const {numAffectedRows = 0n} = await sql`
      DELETE FROM calls WHERE call_sid IN (
        SELECT call_sid FROM calls WHERE callee_hash = ${SEEDED_CALLEE_HASH} LIMIT ${sql.lit(BATCH)})`.execute(db);
    if (numAffectedRows === 0n) break;
    deleted += Number(numAffectedRows);
    progress(deleted);
  }
  // The space of the deleted rows is free for new ones only after this; PostgreSQL would do it by itself, later.
  if (deleted > 0) await sql`VACUUM (ANALYZE)`.execute(db);
  return deleted;
}
