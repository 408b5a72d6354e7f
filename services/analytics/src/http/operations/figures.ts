import {CallsByHourAnswer, CallsByHourQuery} from '../../queries/calls-by-hour.ts';
import {ConcurrencyAnswer, ConcurrencyQuery} from '../../queries/concurrency.ts';
import {DifferenceAnswer, DifferenceQuery} from '../../queries/difference.ts';
import {FacetsAnswer} from '../../queries/facets.ts';
import {HistogramAnswer, HistogramQuery} from '../../queries/histogram.ts';
import {LongestWaits, LongestWaitsQuery} from '../../queries/longest-waits.ts';
import {MetricsAnswer, MetricsQuery} from '../../queries/measure.ts';
import type {Operation} from './operation.ts';

/** Figures over many calls, as JSON and as CSV. */
export const FIGURES: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/metrics',
    id: 'measure',
    tag: 'figures',
    summary: 'Figures of one metric, with exact percentiles',
    query: MetricsQuery,
    answer: MetricsAnswer,
  },
  {
    method: 'get',
    path: '/api/metrics.csv',
    id: 'exportMetric',
    tag: 'files',
    summary: 'The figures of one metric as CSV',
    query: MetricsQuery,
    type: 'text/csv',
  },
  {
    method: 'get',
    path: '/api/histogram',
    id: 'histogram',
    tag: 'figures',
    summary: 'How the values of a metric are spread',
    example: {metric: 't_stop', unit: 'ms', step: 50, missingBefore: null, bins: [{from: 200, count: 17}]},
    query: HistogramQuery,
    answer: HistogramAnswer,
  },
  {
    method: 'get',
    path: '/api/concurrency',
    id: 'concurrency',
    tag: 'figures',
    summary: 'Concurrent calls: the peak of each time bucket',
    example: {bucket: 'hour', missingBefore: null, buckets: [{at: '2026-11-22T10:00:00.000Z', peak: 12}]},
    query: ConcurrencyQuery,
    answer: ConcurrencyAnswer,
  },
  {
    method: 'get',
    path: '/api/concurrency.csv',
    id: 'exportConcurrency',
    tag: 'files',
    summary: 'The peaks of concurrent calls as CSV',
    query: ConcurrencyQuery,
    type: 'text/csv',
  },
  {
    method: 'get',
    path: '/api/calls-by-hour',
    id: 'callsByHour',
    tag: 'figures',
    summary: 'When people call: how many calls started in each hour of the week',
    example: {zone: 'Europe/Oslo', missingBefore: null, hours: [{weekday: 1, hour: 9, count: 42}]},
    query: CallsByHourQuery,
    answer: CallsByHourAnswer,
  },
  {
    method: 'get',
    path: '/api/calls-by-hour.csv',
    id: 'exportCallsByHour',
    tag: 'files',
    summary: 'The calls of each hour of the week as CSV',
    query: CallsByHourQuery,
    type: 'text/csv',
  },
  {
    method: 'get',
    path: '/api/difference',
    id: 'difference',
    tag: 'figures',
    summary: 'How far a figure differs between two sets of calls, with a 95 % interval where there are enough values',
    query: DifferenceQuery,
    answer: DifferenceAnswer,
    example: {
      metric: 'platform_turn_gap',
      unit: 'ms',
      figure: 'p95',
      counts: [4_120, 3_987],
      difference: -41.5,
      interval: {low: -63.2, high: -18.9},
      missingBefore: null,
    },
  },
  {
    method: 'get',
    path: '/api/longest-waits',
    id: 'longestWaits',
    tag: 'figures',
    summary: 'The turns whose callers waited longest for the answer, and where the time went',
    query: LongestWaitsQuery,
    answer: LongestWaits,
  },
  {
    method: 'get',
    path: '/api/longest-waits.csv',
    id: 'exportLongestWaits',
    tag: 'files',
    summary: 'The longest waits as CSV',
    query: LongestWaitsQuery,
    type: 'text/csv',
  },
  {
    method: 'get',
    path: '/api/facets',
    id: 'facets',
    tag: 'figures',
    summary: 'Assistants, their versions, models and workers there are',
    answer: FacetsAnswer,
  },
];
