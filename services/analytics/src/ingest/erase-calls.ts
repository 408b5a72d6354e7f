import {sql, type Kysely} from 'kysely';
import {ERASURE_LOCK} from './store-call.ts';
import type {Schema} from '../database/schema.ts';
import {removeRecordings} from '../recordings/recording-rows.ts';
import {exportChanged} from '../exports/export-rows.ts';
import {audit, type AuditEntry} from '../auth/audit.ts';

/** Which calls to delete: one, or every call from or to a number, by its keyed hash. */
export type Erasure = {readonly callSid: string} | {readonly numberHash: string};

/** Who erases, for the audit. */
export type Eraser = Pick<AuditEntry, 'who' | 'address'>;

/**
 * Deletes calls with everything that belongs to them, and records that they were deleted: the queue may still hold a copy of
 * a record, and a call of this number may still go on. Returns how many calls there were.
 */
export async function eraseCalls(db: Kysely<Schema>, erasure: Erasure, eraser: Eraser): Promise<number> {
  return await db.transaction().execute(async tx => {
    await sql`SELECT pg_advisory_xact_lock(${ERASURE_LOCK})`.execute(tx);
    const condition =
      'callSid' in erasure
        ? sql<boolean>`call_sid = ${erasure.callSid}`
        : sql<boolean>`(caller_hash = ${erasure.numberHash} OR callee_hash = ${erasure.numberHash})`;
    const gone = await tx.deleteFrom('calls').where(condition).returning(['callSid', 'startedAt']).execute();
    // A record that has not arrived yet is erased too.
    const sids = 'callSid' in erasure ? [erasure.callSid] : gone.map(call => call.callSid);
    if (sids.length > 0) await tx.deleteFrom('deliveries').where('subject', 'in', sids).execute();
    if (sids.length > 0)
      await sql`INSERT INTO erased_calls (call_sid) SELECT unnest(${sids}::text[]) ON CONFLICT DO NOTHING`.execute(tx);
    await removeRecordings(tx, sids);
    await exportChanged(
      tx,
      gone.map(({startedAt}) => startedAt),
    );
    if ('numberHash' in erasure)
      await sql`INSERT INTO forgotten_numbers (number_hash) VALUES (${erasure.numberHash})
        ON CONFLICT (number_hash) DO UPDATE SET forgotten_at = now()`.execute(tx);
    await audit(
      tx,
      'callSid' in erasure
        ? {action: 'call.erased', subject: erasure.callSid, ...eraser}
        : {action: 'number.erased', subject: erasure.numberHash, ...eraser},
    );
    return gone.length;
  });
}
