import {sql, type Kysely, type RawBuilder} from 'kysely';
import {z} from 'zod';
import {FacetFilter, matchesFacets} from './call-filter.ts';
import {BUCKET_NAMES, BUCKETS, GROUPS, METRIC_NAMES, METRICS, type Bucket} from './metric-catalogue.ts';
import {BadQuestion} from './problem.ts';
import type {Schema} from './schema.ts';

/** More would be neither drawn nor read. */
export const MAX_GROUPS = 5_000;

/** A Monday: weeks begin here. */
export const ORIGIN = new Date(Date.UTC(2000, 0, 3));

export const BucketName = z.enum(BUCKET_NAMES, {error: `must be one of ${BUCKET_NAMES.join(', ')}`});

const groupNames = [...new Set(Object.values(GROUPS).flatMap(groups => Object.keys(groups)))];

export const MetricName = z
  .enum(METRIC_NAMES, {error: `must be one of ${METRIC_NAMES.join(', ')}`})
  .describe('the metric; docs/METRICS.md defines each');

/** Which figures of which metric. */
export const MetricsQuery = FacetFilter.extend({
  metric: MetricName,
  bucket: BucketName.optional().describe('one group per stretch of time (UTC); left out: the whole time'),
  by: z
    .string()
    .refine(text => text.split(',').every(name => groupNames.includes(name)), {
      error: `must be one or two of ${groupNames.join(', ')}, separated by a comma`,
    })
    .refine(text => text.split(',').length <= 2, {error: 'must not be more than two names'})
    .optional()
    .describe('one group per value of these; one or two, comma-separated'),
});
export type MetricsQuery = z.infer<typeof MetricsQuery>;

const figure = z.number().nullable();

/** The figures of one group. Percentiles are exact: computed from every value, not from a sketch. */
export const Figures = z.object({
  at: z.string().nullable().describe('beginning of the time bucket'),
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
  groups: z.array(Figures),
});
export type MetricsAnswer = z.infer<typeof MetricsAnswer>;

type Row = Omit<Figures, 'at' | 'p50' | 'p90' | 'p95' | 'p99'> & {
  readonly at: Date | null;
  readonly quantiles: readonly number[] | null;
};

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
  const rows = await figures(db, query, columns);
  if (rows.length > MAX_GROUPS)
    throw new BadQuestion({
      error: `the answer has more than ${MAX_GROUPS} groups`,
      field: query.bucket === undefined ? 'by' : 'bucket',
      cure: 'ask for longer buckets, fewer groups, or a shorter time',
    });
  return {
    metric: query.metric,
    title: metric.title,
    unit: metric.unit,
    bucket: query.bucket ?? null,
    by,
    groups: rows.map(({at, quantiles, ...row}) => ({
      at: at?.toISOString() ?? null,
      ...row,
      p50: quantiles?.[0] ?? null,
      p90: quantiles?.[1] ?? null,
      p95: quantiles?.[2] ?? null,
      p99: quantiles?.[3] ?? null,
    })),
  };
}

async function figures(db: Kysely<Schema>, query: MetricsQuery, by: readonly RawBuilder<unknown>[]): Promise<Row[]> {
  const metric = METRICS[query.metric];
  const column = sql.ref(metric.column);
  const at = query.bucket ? bucketOf(query.bucket) : sql`NULL::timestamptz`;
  const splits = [...(query.bucket ? [at] : []), ...by];
  const grouping = splits.length > 0 ? sql`GROUP BY ${sql.join(splits)} ORDER BY ${sql.join(splits)}` : sql``;
  const {rows} = await sql<Row>`
    SELECT ${at} AS at, ARRAY[${sql.join(by.map(split => sql`${split}::text`))}]::text[] AS "group",
      count(*) AS count, avg(${column}) AS mean, stddev_samp(${column}) AS deviation,
      min(${column}) AS min, max(${column}) AS max, sum(${column}) AS sum,
      percentile_cont(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY ${column}::double precision) AS quantiles
    FROM ${sql.table(metric.of)}
    WHERE ${matchesFacets(query)} AND ${column} IS NOT NULL
    ${grouping}
    LIMIT ${sql.lit(MAX_GROUPS + 1)}`.execute(db);
  return rows;
}

/** The beginning of the bucket that a call started in. */
export function bucketOf(bucket: Bucket): RawBuilder<Date> {
  return sql<Date>`date_bin(${sql.lit(BUCKETS[bucket])}::interval, started_at, ${sql.lit(ORIGIN.toISOString())}::timestamptz)`;
}
