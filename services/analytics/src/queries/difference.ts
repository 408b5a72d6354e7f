import {sql, type Kysely} from 'kysely';
import {z} from 'zod';
import {readDeletedBefore} from '../database/deleted-before.ts';
import type {Schema} from '../database/schema.ts';
import {FacetFilter, matchesFacets} from './call-filter.ts';
import {MetricName} from './measure.ts';
import {kindOf, METRICS} from './metric-catalogue.ts';
import {MissingBefore, missingIn} from './missing-before.ts';
import {interval, isEnough, quantileDraws} from './order-statistics.ts';

const QUANTILES = {p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99} as const;
const figures = ['mean', 'p50', 'p90', 'p95', 'p99'] as const;

const {from, to, assistant, version, worker, model} = FacetFilter.shape;
const other = <Field extends z.ZodType>(field: Field) =>
  field.describe(`of the calls that are compared with: ${field.description}`);

export const DifferenceQuery = FacetFilter.extend({
  metric: MetricName,
  figure: z.enum(figures, `must be one of ${figures.join(', ')}`).describe('what is compared'),
  'against.from': other(from),
  'against.to': other(to),
  'against.assistant': other(assistant),
  'against.version': other(version),
  'against.worker': other(worker),
  'against.model': other(model),
});
export type DifferenceQuery = z.infer<typeof DifferenceQuery>;

export const DifferenceAnswer = z.object({
  metric: MetricName,
  unit: z.string(),
  figure: z.enum(figures),
  counts: z.array(z.number().int()).describe('values on each side'),
  difference: z
    .number()
    .nullable()
    .describe(
      'the figure less that of the calls compared with; null: one has none, or the two times differ and a part of one is missing',
    ),
  interval: z
    .object({low: z.number(), high: z.number()})
    .nullable()
    .describe('where the difference lies with 95 % confidence; null: there are too few values to say'),
  missingBefore: MissingBefore,
});
export type DifferenceAnswer = z.infer<typeof DifferenceAnswer>;

/** Values of one side, and the seed of its draws. */
interface Side {
  readonly filter: FacetFilter;
  readonly seed: number;
}

interface Sample {
  readonly count: number;
  readonly mean: number | null;
  readonly deviation: number | null;
}

/** A mean needs so many values on each side. */
const FOR_A_MEAN = 20;
/** 95 % of a normal distribution lie within so many standard deviations. */
const Z = 1.96;

/**
 * How far a figure of a metric differs between two sets of calls, and how sure that is. The figure itself is tested: a
 * percentile by the bootstrap, a mean by its standard error. Values are taken as independent of each other, which those of
 * one call are not quite.
 */
export async function difference(db: Kysely<Schema>, query: DifferenceQuery): Promise<DifferenceAnswer> {
  const sides: readonly [Side, Side] = [
    {filter: query, seed: 1},
    {
      filter: {
        from: query['against.from'],
        to: query['against.to'],
        assistant: query['against.assistant'],
        version: query['against.version'],
        worker: query['against.worker'],
        model: query['against.model'],
      },
      seed: 2,
    },
  ];
  const {figure, metric} = query;
  const [a, b] = await Promise.all([sample(db, metric, sides[0].filter), sample(db, metric, sides[1].filter)]);
  const missing = await missingOn(db, metric, sides);
  const said = {
    metric,
    unit: METRICS[metric].unit,
    figure,
    counts: [a.count, b.count],
    missingBefore: missing?.toISOString() ?? null,
  };
  // A whole time is not compared with a part of another one.
  if (missing && !isSameTime(sides)) return {...said, difference: null, interval: null};
  if (figure === 'mean') return {...said, ...ofMeans(a, b)};
  const quantile = QUANTILES[figure];
  const isSure = isEnough(a.count, quantile) && isEnough(b.count, quantile);
  const [ours = [], theirs = []] = await Promise.all(
    sides.map(({filter, seed}, index) => {
      const {count} = index === 0 ? a : b;
      return valuesAt(db, metric, filter, [quantile, ...(isSure ? quantileDraws(count, quantile, seed) : [])]);
    }),
  );
  const [here, ...drawnHere] = ours;
  const [there, ...drawnThere] = theirs;
  if (here === undefined || there === undefined) return {...said, difference: null, interval: null};
  return {
    ...said,
    difference: here - there,
    interval: isSure ? interval(drawnHere.map((value, index) => value - (drawnThere[index] ?? 0))) : null,
  };
}

function ofMeans(a: Sample, b: Sample): Pick<DifferenceAnswer, 'difference' | 'interval'> {
  if (a.mean === null || b.mean === null) return {difference: null, interval: null};
  const by = a.mean - b.mean;
  if (Math.min(a.count, b.count) < FOR_A_MEAN) return {difference: by, interval: null};
  const error = Math.sqrt((a.deviation ?? 0) ** 2 / a.count + (b.deviation ?? 0) ** 2 / b.count);
  return {difference: by, interval: {low: by - Z * error, high: by + Z * error}};
}

/** Up to when values of either side are missing. */
async function missingOn(
  db: Kysely<Schema>,
  metric: MetricName,
  sides: readonly [Side, Side],
): Promise<Date | undefined> {
  const deleted = await readDeletedBefore(db);
  const [a, b] = sides.map(({filter}) => missingIn(deleted, [kindOf(metric)], filter.from));
  return a ?? b;
}

const isSameTime = ([{filter: a}, {filter: b}]: readonly [Side, Side]) =>
  a.from?.getTime() === b.from?.getTime() && a.to?.getTime() === b.to?.getTime();

const conditionOf = (metric: MetricName, filter: FacetFilter) =>
  sql`${matchesFacets(filter)} AND ${sql.ref(METRICS[metric].column)} IS NOT NULL`;

async function sample(db: Kysely<Schema>, metric: MetricName, filter: FacetFilter): Promise<Sample> {
  const column = sql.ref(METRICS[metric].column);
  const {rows} = await sql<Sample>`
    SELECT count(*) AS count, avg(${column}) AS mean, stddev_samp(${column}) AS deviation
    FROM ${sql.table(METRICS[metric].of)} WHERE ${conditionOf(metric, filter)}`.execute(db);
  return rows[0] ?? {count: 0, mean: null, deviation: null};
}

/** The values at these shares of all values, in one sort. */
async function valuesAt(
  db: Kysely<Schema>,
  metric: MetricName,
  filter: FacetFilter,
  shares: readonly number[],
): Promise<readonly number[]> {
  const column = sql.ref(METRICS[metric].column);
  const {rows} = await sql<{quantiles: readonly number[] | null}>`
    SELECT percentile_cont(${JSON.stringify(shares).replace('[', '{').replace(']', '}')}::double precision[])
      WITHIN GROUP (ORDER BY ${column}::double precision) AS quantiles
    FROM ${sql.table(METRICS[metric].of)} WHERE ${conditionOf(metric, filter)}`.execute(db);
  return rows[0]?.quantiles ?? [];
}
