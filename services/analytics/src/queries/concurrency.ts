import {sql, type Kysely} from 'kysely';
import {z} from 'zod';
import {FacetFilter, matchesFacets} from './call-filter.ts';
import {MAX_GROUPS, tooMany} from './measure.ts';
import {missingBefore, MissingBefore} from './missing-before.ts';
import {BucketName, bucketOf, Offset} from './time-buckets.ts';
import type {Schema} from '../database/schema.ts';

export const ConcurrencyQuery = FacetFilter.extend({
  bucket: BucketName.default('hour').describe('the length of a time bucket'),
  offset: Offset,
});
export type ConcurrencyQuery = z.infer<typeof ConcurrencyQuery>;

export const ConcurrencyAnswer = z.object({
  bucket: BucketName,
  missingBefore: MissingBefore,
  buckets: z
    .array(z.object({at: z.string(), peak: z.number().int().describe('concurrent calls')}))
    .describe(
      'time buckets in which a call started or ended; between two of them the number of active calls did not change',
    ),
});
export type ConcurrencyAnswer = z.infer<typeof ConcurrencyAnswer>;

/** The peak of concurrent calls in each time bucket: each start of a call adds one, each end subtracts one. */
export async function concurrency(db: Kysely<Schema>, query: ConcurrencyQuery): Promise<ConcurrencyAnswer> {
  const {from, to, bucket, offset} = query;
  const facets = sql.join(
    [
      sql`ended_at >= started_at`,
      // Not `from`: a call that started before may still be active.
      matchesFacets({...query, from: undefined}),
      ...(from ? [sql`ended_at > ${from}`] : []),
    ],
    sql` AND `,
  );
  const {rows} = await sql<{at: Date; peak: number}>`
    WITH events AS (
      SELECT started_at AS at, 1 AS change FROM calls WHERE ${facets}
      UNION ALL SELECT ended_at, -1 FROM calls WHERE ${facets}
    ), levels AS (
      SELECT at, change, sum(change) OVER (ORDER BY at, change ROWS UNBOUNDED PRECEDING) AS level FROM events
    )
    SELECT ${bucketOf(bucket, sql`at`, offset)} AS at,
      max(greatest(level, level - change)) AS peak
    FROM levels
    WHERE ${from ? sql`at >= ${from}` : sql`true`} AND ${to ? sql`at < ${to}` : sql`true`}
    GROUP BY 1 ORDER BY 1 LIMIT ${sql.lit(MAX_GROUPS + 1)}`.execute(db);
  if (rows.length > MAX_GROUPS) throw tooMany('bucket');
  return {
    bucket,
    missingBefore: await missingBefore(db, ['calls'], from),
    buckets: rows.map(row => ({at: row.at.toISOString(), peak: row.peak})),
  };
}
