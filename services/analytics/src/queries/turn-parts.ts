import {sql, type Kysely} from 'kysely';
import {z} from 'zod';
import type {Schema} from '../database/schema.ts';
import {FacetFilter, matchesFacets} from './call-filter.ts';
import {MAX_GROUPS, tooMany} from './measure.ts';
import {MissingBefore, missingBefore} from './missing-before.ts';
import {BucketName, bucketOf, Offset} from './time-buckets.ts';

export const TurnPartsQuery = FacetFilter.extend({
  bucket: BucketName.default('hour').describe('the length of a time bucket'),
  offset: Offset,
});
export type TurnPartsQuery = z.infer<typeof TurnPartsQuery>;

const mean = (metric: string) => z.number().nullable().describe(`the mean of ${metric}, in milliseconds`);

export const TurnParts = z.object({
  bucket: BucketName,
  missingBefore: MissingBefore,
  buckets: z
    .array(
      z.object({
        at: z.string(),
        turns: z.number().int().describe('turns with a platform_turn_gap'),
        endOfTurnDelay: mean('end_of_turn_delay'),
        modelTtfb: mean('model_ttfb'),
        toolTime: mean('tool_time'),
        hopUp: mean('hop_up'),
        hopDown: mean('hop_down'),
      }),
    )
    .describe('time buckets in which there were turns'),
});
export type TurnParts = z.infer<typeof TurnParts>;

/** Where the time of a turn goes: the means of its parts, which add up. One pass over the turns, where a question for each part takes five. */
export async function turnParts(db: Kysely<Schema>, query: TurnPartsQuery): Promise<TurnParts> {
  const {bucket, offset} = query;
  const {rows} = await sql<{at: Date} & Omit<TurnParts['buckets'][number], 'at'>>`
    SELECT ${bucketOf(bucket, sql`started_at`, offset)} AS at, count(platform_turn_gap_ms) AS turns,
      avg(end_of_turn_delay_ms) AS end_of_turn_delay, avg(model_ttfb_ms) AS model_ttfb, avg(tool_ms) AS tool_time,
      avg(hop_up_ms) AS hop_up, avg(hop_down_ms) AS hop_down
    FROM turns WHERE ${matchesFacets(query)}
    GROUP BY 1 ORDER BY 1 LIMIT ${sql.lit(MAX_GROUPS + 1)}`.execute(db);
  if (rows.length > MAX_GROUPS) throw tooMany('bucket');
  return {
    bucket,
    missingBefore: await missingBefore(db, ['turns'], query.from),
    buckets: rows.map(row => ({...row, at: row.at.toISOString()})),
  };
}
