import {sql, type Kysely} from 'kysely';
import type {Schema} from './schema.ts';

/** What has a retention of its own. `turns`: interruptions, tool calls and failovers too. */
export const KINDS = ['calls', 'turns', 'transcripts', 'recordings'] as const;
export type Kind = (typeof KINDS)[number];

/** Up to when each kind was deleted because its retention was over. Not there: nothing of it was. */
export type DeletedBefore = Readonly<Partial<Record<Kind, Date>>>;

/**
 * What was really deleted, not what the settings say: a longer retention brings nothing back, and on the first days of an
 * installation nothing is missing. Read it after the rows that it is about: they may be deleted in between.
 */
export async function readDeletedBefore(db: Kysely<Schema>): Promise<DeletedBefore> {
  const rows = await db.selectFrom('deletedBefore').select(['kind', 'moment']).execute();
  return Object.fromEntries(rows.map(({kind, moment}) => [kind, moment]));
}

/** Notes that what is older than `limit` is deleted now, if there is any. Written first: what is half deleted is not whole. */
export async function noteDeletion(db: Kysely<Schema>, kind: Kind, table: string, limit: Date): Promise<void> {
  await sql`
    INSERT INTO deleted_before (kind, moment)
    SELECT ${kind}::text, ${limit}::timestamptz WHERE EXISTS (SELECT 1 FROM ${sql.table(table)} WHERE started_at < ${limit})
    ON CONFLICT (kind) DO UPDATE SET moment = greatest(deleted_before.moment, excluded.moment)`.execute(db);
}
