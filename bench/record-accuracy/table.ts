import {percentiles} from '../load/percentiles.ts';
import {type Counted, GRID, metrics, type Pair} from './compare.ts';

/** A latency may be wrong by so much, in 95 of 100 cases; milliseconds. */
export const GOAL_MS = 20;

export interface Row {
  readonly metric: string;
  readonly n: number;
  /** Of the absolute error, in milliseconds; for a count, how many are wrong. */
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
  /** Of the error with its sign. */
  readonly mean: number;
  /** Undefined if it is not judged. */
  readonly ok: boolean | undefined;
}

export function latencyRows(pairs: readonly Pair[]): Row[] {
  return metrics.map(metric => {
    const errors = pairs.filter(each => each.metric === metric).map(({recorded, truth}) => recorded - truth);
    // A missing figure counts as an infinite error.
    const sizes = errors.map(error => (Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.abs(error)));
    const {count, p50, p95, max} = percentiles(sizes);
    const known = errors.filter(error => !Number.isNaN(error));
    const mean = known.reduce((sum, error) => sum + error, 0) / Math.max(1, known.length);
    const ok = metric === GRID || count === 0 ? undefined : p95 <= GOAL_MS;
    return {metric, n: count, p50, p95, max, mean, ok};
  });
}

export interface CountRow {
  readonly what: string;
  readonly n: number;
  readonly wrong: readonly Counted[];
}

export function countRows(counts: readonly Counted[]): CountRow[] {
  return [...Map.groupBy(counts, ({what}) => what)].map(([what, all]) => ({
    what,
    n: all.length,
    wrong: all.filter(({recorded, truth}) => recorded !== truth),
  }));
}

export function printTable(rows: readonly Row[], counts: readonly CountRow[]): string {
  const ms = (value: number) => (Number.isFinite(value) ? value.toFixed(1) : '–');
  return [
    '| metric | n | error, ms (p50 / p95 / max) | mean | goal (p95) | ok |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map(
      ({metric, n, p50, p95, max, mean, ok}) =>
        `| ${metric} | ${n} | ${ms(p50)} / ${ms(p95)} / ${ms(max)} | ${ms(mean)} | ${ok === undefined ? '–' : `≤ ${GOAL_MS}`} | ${ok === undefined ? '–' : ok ? 'yes' : 'no'} |`,
    ),
    '',
    '| count | calls | wrong | goal | ok |',
    '| --- | --- | --- | --- | --- |',
    ...counts.map(
      ({what, n, wrong}) => `| ${what} | ${n} | ${wrong.length} | 0 | ${wrong.length === 0 ? 'yes' : 'no'} |`,
    ),
  ].join('\n');
}

/** What callers noticed in two runs: the figures of their phones, not of the records. */
export function printSideBySide(before: readonly Pair[], after: readonly Pair[]): string {
  const felt: readonly Pair['metric'][] = ['time to first audio', 'platform turn gap', 't_stop', 'talk-over'];
  const cell = (pairs: readonly Pair[], metric: Pair['metric']) => {
    const {count, p50, p95, max} = percentiles(pairs.filter(each => each.metric === metric).map(({truth}) => truth));
    return `${[p50, p95, max].map(each => Math.round(each)).join(' / ')} (${count})`;
  };
  return [
    '| at the phone, ms (p50 / p95 / max, n) | undisturbed | while they were killed |',
    '| --- | --- | --- |',
    ...felt.map(metric => `| ${metric} | ${cell(before, metric)} | ${cell(after, metric)} |`),
  ].join('\n');
}
