import {sql, type Kysely} from 'kysely';
import {audit, type AuditEntry} from '../auth/audit.ts';
import type {Schema} from '../database/schema.ts';

type Writer = Pick<AuditEntry, 'who' | 'address'>;

/** A call has so many tags and remarks at most. */
export const MOST = 50;

/**
 * Puts a tag on a call, or takes it off. Idempotent. Returns when the call began, and its tags; undefined: there is no such call;
 * `full`: it has as many tags as a call may have.
 */
export async function tagCall(
  db: Kysely<Schema>,
  {callSid, tag, isOn}: {readonly callSid: string; readonly tag: string; readonly isOn: boolean},
  writer: Writer,
): Promise<{readonly startedAt: Date; readonly tags: readonly string[]; readonly isNew: boolean} | 'full' | undefined> {
  const call = await db
    .selectFrom('calls')
    .select(['startedAt', 'tags'])
    .where('callSid', '=', callSid)
    .forUpdate()
    .executeTakeFirst();
  if (!call) return undefined;
  const before = call.tags;
  const isThere = before.includes(tag);
  if (isThere === isOn) return {...call, tags: before, isNew: false};
  if (isOn && before.length >= MOST) return 'full';
  const tags = isOn ? [...before, tag].toSorted() : before.filter(each => each !== tag);
  await db
    .updateTable('calls')
    .set({tags: sql<string[]>`${tags}::text[]`})
    .where('callSid', '=', callSid)
    .execute();
  await audit(db, {action: isOn ? 'call.tagged' : 'call.untagged', subject: callSid, ...writer});
  return {startedAt: call.startedAt, tags, isNew: true};
}

/** Writes a remark on a call. Returns its number; undefined: there is no such call, or it has enough of them. */
export async function remarkOn(
  db: Kysely<Schema>,
  {callSid, text}: {readonly callSid: string; readonly text: string},
  writer: Writer,
): Promise<string | undefined> {
  const {rows} = await sql<{id: string}>`
    INSERT INTO remarks (call_sid, who, text) SELECT call_sid, ${writer.who}::text, ${text}::text FROM calls
    WHERE call_sid = ${callSid} AND (SELECT count(*) FROM remarks WHERE call_sid = ${callSid}) < ${sql.lit(MOST)}
    RETURNING id::text AS id`.execute(db);
  if (rows[0]) await audit(db, {action: 'call.remarked', subject: callSid, ...writer});
  return rows[0]?.id;
}

/** Takes a remark away. False: there is none. */
export async function removeRemark(
  db: Kysely<Schema>,
  {callSid, id}: {readonly callSid: string; readonly id: string},
  writer: Writer,
): Promise<boolean> {
  const {numAffectedRows = 0n} =
    await sql`DELETE FROM remarks WHERE call_sid = ${callSid} AND id = ${id}::bigint`.execute(db);
  if (numAffectedRows > 0n) await audit(db, {action: 'remark.removed', subject: callSid, ...writer});
  return numAffectedRows > 0n;
}
