import type {Kysely} from 'kysely';
import {z} from 'zod';
import type {Schema} from '../database/schema.ts';
import {type CallFilter, kindsAskedFor, matchesCall} from './call-filter.ts';
import {MissingBefore, missingBefore} from './missing-before.ts';

export const CallsCount = z.object({count: z.number().int(), missingBefore: MissingBefore});
export type CallsCount = z.infer<typeof CallsCount>;

/** How many calls match. */
export async function countCalls(db: Kysely<Schema>, filter: CallFilter): Promise<CallsCount> {
  const {count} = await db
    .selectFrom('calls')
    .select(({fn}) => fn.countAll<number>().as('count'))
    .where(matchesCall(filter))
    .executeTakeFirstOrThrow();
  return {count, missingBefore: await missingBefore(db, kindsAskedFor(filter), filter.from)};
}
