import type {Kysely} from 'kysely';
import {z} from 'zod';
import {type DeletedBefore, type Kind, readDeletedBefore} from '../database/deleted-before.ts';
import type {Schema} from '../database/schema.ts';

/** In every answer that may be a part of what was asked for. */
export const MissingBefore = z
  .string()
  .nullable()
  .describe(
    'what began before this moment is not in the answer: it was deleted when its retention was over (RETENTION_DAYS_CALLS, RETENTION_DAYS_TURNS, RETENTION_DAYS_TRANSCRIPTS); null: nothing of the time asked for is missing',
  );

/** The same of a file: the response header that a file has if something of its time is missing. */
export const MISSING_BEFORE = 'Missing-Before';

/** Up to when rows of these kinds are missing in a time that begins at `from`, or with the first call. */
export function missingIn(deleted: DeletedBefore, kinds: readonly Kind[], from: Date | undefined): Date | undefined {
  // What hangs on a call is deleted with it.
  const moments = ['calls' as const, ...kinds].flatMap(kind => deleted[kind] ?? []);
  const last = moments.toSorted((a, b) => b.getTime() - a.getTime())[0];
  return last === undefined || (from !== undefined && from >= last) ? undefined : last;
}

/** The same, as answers say it. Ask after the rows were read. */
export async function missingBefore(
  db: Kysely<Schema>,
  kinds: readonly Kind[],
  from: Date | undefined,
): Promise<string | null> {
  return missingIn(await readDeletedBefore(db), kinds, from)?.toISOString() ?? null;
}
