import {sql, type Kysely, type RawBuilder} from 'kysely';
import {z} from 'zod';
import {FacetFilter, matchesFacets} from './call-filter.ts';
import {countsOnly, GROUPS, kindOf, METRIC_NAMES, METRICS} from './metric-catalogue.ts';
import {missingBefore, MissingBefore} from './missing-before.ts';
import {BadQuestion} from './bad-question.ts';
import {BUCKET_MS, BucketName, bucketOf, BUCKETS, Offset} from './time-buckets.ts';
import type {Schema} from '../database/schema.ts';

/** The largest answer, in groups: a page cannot draw more. */
export const MAX_GROUPS = 5_000;

const groupNames = [...new Set(Object.values(GROUPS).flatMap(groups => Object.keys(groups)))];

export const MetricName = z
  .enum(METRIC_NAMES, {error: `must be one of ${METRIC_NAMES.join(', ')}`})
  .describe('the metric; docs/METRICS.md defines each');
export type MetricName = z.infer<typeof MetricName>;

/** Which metric, over which time and calls, and how it is split. */
export const MetricsQuery = FacetFilter.extend({
  metric: MetricName,
  bucket: BucketName.optional().describe('one group per time bucket; left out: one group for the whole time'),
  offset: Offset,
  by: z
    .string()
    .refine(text => text.split(',').every(name => groupNames.includes(name)), {
      error: `must be one or two of ${groupNames.join(', ')}, separated by a comma`,
    })
    .refine(text => text.split(',').length <= 2, {error: 'must not be more than two names'})
    .optional()
    .meta({
      description: `one group per value of these; one or two, comma-separated, of ${groupNames.join(', ')}; not each metric has all`,
      examples: ['assistant', 'assistant,model'],
    }),
});
export type MetricsQuery = z.infer<typeof MetricsQuery>;

const figure = z.number().nullable();

/** The figures of one group. Percentiles are exact: computed from every value, not from a sketch. `calls` and `turns` have a count only. */
export const Figures = z.object({
  at: z.string().nullable().describe('start of the time bucket'),
  group: z.array(z.string().nullable()).describe('the values of `by`, in its order'),
  count: z.number().int().describe('values that were seen'),
  mean: figure,
  deviation: figure.describe('standard deviation of the sample'),
  min: figure,
  max: figure,
  sum: figure,
  p50: figure,
  p90: figure,
  p95: figure,
  p99: figure,
});
export type Figures = z.infer<typeof Figures>;

export const MetricsAnswer = z.object({
  metric: MetricName,
  title: z.string(),
  unit: z.enum(['ms', 'count', 'tokens', 'usd']),
  bucket: BucketName.nullable(),
  by: z.array(z.string()),
  missingBefore: MissingBefore,
  groups: z.array(Figures),
});
export type MetricsAnswer = z.infer<typeof MetricsAnswer>;

type Row = Pick<Figures, 'group' | 'count' | 'mean' | 'deviation' | 'sum'> & {
  readonly at: Date | null;
  /** Minimum, percentiles, maximum: one sort gives all of them. */
  readonly quantiles: readonly number[] | null;
};

/**
 * The figures of one metric. Throws `BadQuestion` for a split that it does not have, or an answer that is too large.
 */
export async function measure(db: Kysely<Schema>, query: MetricsQuery): Promise<MetricsAnswer> {
  const metric = METRICS[query.metric];
  const by = query.by?.split(',') ?? [];
  const columns = by.map(name => {
    const column = GROUPS[metric.of][name];
    if (column !== undefined) return sql.ref(column);
    const known = Object.keys(GROUPS[metric.of]).join(', ');
    throw new BadQuestion({
      error: 'by is not understood',
      field: 'by',
      cure: `${query.metric} can be split by ${known}`,
    });
  });
  refuseTooMany(query);
  const rows = await figures(db, query, columns);
  if (rows.length > MAX_GROUPS) throw tooMany(query.bucket === undefined ? 'by' : 'bucket');
  return {
    metric: query.metric,
    title: metric.title,
    unit: metric.unit,
    bucket: query.bucket ?? null,
    by,
    missingBefore: await missingBefore(db, [kindOf(query.metric)], query.from),
    groups: rows.map(({at, quantiles, ...row}) => ({
      at: at?.toISOString() ?? null,
      ...row,
      min: quantiles?.[0] ?? null,
      p50: quantiles?.[1] ?? null,
      p90: quantiles?.[2] ?? null,
      p95: quantiles?.[3] ?? null,
      p99: quantiles?.[4] ?? null,
      max: quantiles?.[5] ?? null,
    })),
  };
}

/** A range with too many buckets is refused before anything is read. */
function refuseTooMany({bucket, from, to}: MetricsQuery): void {
  if (bucket === undefined || !from) return;
  const buckets = ((to?.getTime() ?? Date.now()) - from.getTime()) / BUCKET_MS[bucket];
  if (buckets > MAX_GROUPS) throw tooMany('bucket');
}

/** The answer would be too long. `field`: the parameter to change. */
export const tooMany = (field: string) =>
  new BadQuestion({
    error: `the answer has more than ${MAX_GROUPS} groups`,
    field,
    cure: 'ask for longer buckets, fewer groups, or a shorter time',
  });

async function figures(db: Kysely<Schema>, query: MetricsQuery, by: readonly RawBuilder<unknown>[]): Promise<Row[]> {
  const metric = METRICS[query.metric];
  const column = sql.ref(metric.column);
  const counts = countsOnly(query.metric);
  const condition = counts ? sql`${matchesFacets(query)}` : sql`${matchesFacets(query)} AND ${column} IS NOT NULL`;
  const all = counts
    ? sql`count(*) AS count, NULL AS mean, NULL AS deviation, NULL AS sum, NULL AS quantiles`
    : sql`count(*) AS count, avg(${column}) AS mean, stddev_samp(${column}) AS deviation, sum(${column}) AS sum,
      percentile_cont(ARRAY[0, 0.5, 0.9, 0.95, 0.99, 1]) WITHIN GROUP (ORDER BY ${column}::double precision) AS quantiles`;
  const grouped = (within: RawBuilder<unknown>) => sql`
    SELECT ARRAY[${sql.join(by.map(split => sql`${split}::text`))}]::text[] AS "group",
      ${all}
    FROM ${sql.table(metric.of)}
    WHERE ${condition}${within}
    ${by.length > 0 ? sql`GROUP BY ${sql.join(by)} ORDER BY ${sql.join(by)}` : sql``}`;
  if (query.bucket === undefined)
    return (await sql<Row>`${grouped(sql``)} LIMIT ${sql.lit(MAX_GROUPS + 1)}`.execute(db)).rows.map(row => ({
      ...row,
      at: null,
    }));

  // Bucket by bucket along the index on time: many small sorts cost less than one large sort.
  const step = sql`${sql.lit(BUCKETS[query.bucket])}::interval`;
  const from = query.from
    ? sql`${query.from}::timestamptz`
    : sql`(SELECT min(started_at) FROM ${sql.table(metric.of)})`;
  const to = query.to
    ? sql`${query.to}::timestamptz - interval '1 microsecond'`
    : sql`(SELECT max(started_at) FROM ${sql.table(metric.of)})`;
  const {rows} = await sql<Row>`
    SELECT bucket AS at, answer.* FROM generate_series(${bucketOf(query.bucket, from, query.offset)}, ${to}, ${step}) AS bucket,
      LATERAL (${grouped(sql` AND started_at >= bucket AND started_at < bucket + ${step}`)}) AS answer
    WHERE count > 0
    LIMIT ${sql.lit(MAX_GROUPS + 1)}`.execute(db);
  return rows;
}
