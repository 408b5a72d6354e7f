import {sql, type Kysely} from 'kysely';
import {z} from 'zod';
import {FacetFilter, matchesFacets} from './call-filter.ts';
import {MetricName} from './measure.ts';
import {kindOf, METRICS} from './metric-catalogue.ts';
import {missingBefore, MissingBefore} from './missing-before.ts';
import type {Schema} from '../database/schema.ts';

/** Values beyond this many bins are counted in the last one. */
const MAX_BINS = 200;

export const HistogramQuery = FacetFilter.extend({
  metric: MetricName,
  step: z
    .string()
    .meta({examples: ['50', '0.01']})
    .transform(Number)
    .refine(value => value >= 1e-6 && value <= 1e12, 'must be a number above 0, from a millionth to 10¹²')
    .describe('width of one bin, in the unit of the metric: a number above 0'),
});
export type HistogramQuery = z.infer<typeof HistogramQuery>;

export const HistogramAnswer = z.object({
  metric: MetricName,
  unit: z.string(),
  step: z.number(),
  missingBefore: MissingBefore,
  bins: z
    .array(z.object({from: z.number(), count: z.number().int()}))
    .describe(`bins that hold values; the ${MAX_BINS}th holds everything above`),
});
export type HistogramAnswer = z.infer<typeof HistogramAnswer>;

/** The distribution of a metric's values, in bins of equal width. */
export async function histogram(db: Kysely<Schema>, query: HistogramQuery): Promise<HistogramAnswer> {
  const metric = METRICS[query.metric];
  const column = sql.ref(metric.column);
  const {rows} = await sql<{bin: number; count: number}>`
    SELECT least(floor(${column} / ${query.step}::double precision), ${sql.lit(MAX_BINS - 1)})::integer AS bin, count(*) AS count
    FROM ${sql.table(metric.of)}
    WHERE ${matchesFacets(query)} AND ${column} IS NOT NULL
    GROUP BY 1 ORDER BY 1`.execute(db);
  return {
    metric: query.metric,
    unit: metric.unit,
    step: query.step,
    missingBefore: await missingBefore(db, [kindOf(query.metric)], query.from),
    bins: rows.map(({bin, count}) => ({from: bin * query.step, count})),
  };
}
