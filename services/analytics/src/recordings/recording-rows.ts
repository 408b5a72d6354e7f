import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {sql, type Kysely} from 'kysely';
import type {RecordingState, Schema} from '../database/schema.ts';

/** The recording of a call, as the database knows it. Times in milliseconds since the call began. */
export interface KnownRecording {
  readonly callSid: CallSid;
  readonly state: RecordingState;
  readonly fromMs: Millis;
  readonly untilMs: Millis;
  readonly missingMs: Millis;
  /** How long ago the record of the call came. */
  readonly ageMs: Millis;
}

/** Nobody else looks at a recording that is being worked on, for so long. */
const CLAIMED_FOR = '5 minutes';

/** A record says that its call was recorded: its pieces are to be joined soon. `erased`: they are to be removed. */
export async function recordingExpected(
  db: Kysely<Schema>,
  call: {readonly callSid: string; readonly startedAt: number; readonly endedAt: number; readonly fromMs: Millis},
  erased: boolean,
): Promise<void> {
  const {callSid, startedAt, endedAt} = call;
  const fromMs = Math.floor(call.fromMs);
  const untilMs = Math.max(fromMs, Math.ceil(endedAt - startedAt));
  await db
    .insertInto('recordings')
    .values({
      callSid,
      startedAt: new Date(startedAt),
      fromMs,
      untilMs,
      state: erased ? 'removing' : 'waiting',
      lookAt: sql<Date>`now() + interval '3 seconds'`,
    })
    .onConflict(conflict => conflict.column('callSid').doNothing())
    .execute();
}

/** The recording for which something is to be done now, claimed for this process; undefined if there is none. */
export async function claimRecording(db: Kysely<Schema>): Promise<KnownRecording | undefined> {
  const {rows} = await sql<KnownRecording>`
    UPDATE recordings SET look_at = now() + ${sql.lit(CLAIMED_FOR)}::interval
    WHERE call_sid = (
      SELECT call_sid FROM recordings WHERE look_at <= now() ORDER BY look_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING call_sid, state, from_ms, until_ms, missing_ms,
      extract(epoch FROM now() - recorded_at)::float8 * 1000 AS age_ms`.execute(db);
  return rows[0];
}

export async function lookAgain(db: Kysely<Schema>, callSid: CallSid, afterMs: Millis): Promise<void> {
  const lookAt = sql<Date>`now() + ${sql.lit(`${afterMs} milliseconds`)}::interval`;
  const isDue = ['waiting', 'removing'] as const;
  await db.updateTable('recordings').set({lookAt}).where('callSid', '=', callSid).where('state', 'in', isDue).execute();
}

/** The pieces are joined, perhaps by another process before. Returns false if the call was erased meanwhile. */
export async function recordingJoined(
  db: Kysely<Schema>,
  {callSid, state, missingMs}: Pick<KnownRecording, 'callSid' | 'state' | 'missingMs'>,
): Promise<boolean> {
  const {numUpdatedRows} = await db
    .updateTable('recordings')
    .set({state, missingMs: Math.round(missingMs), lookAt: null})
    .where('callSid', '=', callSid)
    .where('state', '=', 'waiting')
    .executeTakeFirst();
  if (numUpdatedRows > 0n) return true;
  const known = await db.selectFrom('recordings').select('state').where('callSid', '=', callSid).executeTakeFirst();
  return known !== undefined && known.state !== 'removing';
}

/** Nothing of it is in the store any more. */
export async function recordingGone(db: Kysely<Schema>, callSid: CallSid): Promise<void> {
  await db.deleteFrom('recordings').where('callSid', '=', callSid).where('state', '=', 'removing').execute();
}

/** Marks the recordings that are older than this, or whose call is gone, for removal. Returns how many. */
export async function expireRecordings(db: Kysely<Schema>, before: Date | undefined): Promise<number> {
  const isOld = before === undefined ? sql`false` : sql`started_at < ${before}`;
  const {numAffectedRows = 0n} = await sql`
    UPDATE recordings SET state = 'removing', look_at = now()
    WHERE state <> 'removing' AND (${isOld} OR NOT EXISTS (SELECT 1 FROM calls WHERE calls.call_sid = recordings.call_sid))`.execute(
    db,
  );
  return Number(numAffectedRows);
}

/** Marks the recordings of these calls for removal, at once. */
export async function removeRecordings(db: Kysely<Schema>, callSids: readonly string[]): Promise<void> {
  if (callSids.length === 0) return;
  await sql`UPDATE recordings SET state = 'removing', look_at = now() WHERE call_sid = ANY (${callSids}::text[])`.execute(
    db,
  );
}
