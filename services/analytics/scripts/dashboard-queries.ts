import type {Kysely} from 'kysely';
import {LOCAL} from '../src/auth/viewer.ts';
import {callsByHour} from '../src/queries/calls-by-hour.ts';
import {concurrency} from '../src/queries/concurrency.ts';
import {facets} from '../src/queries/facets.ts';
import {histogram} from '../src/queries/histogram.ts';
import {listCalls} from '../src/queries/list-calls.ts';
import {longestWaits} from '../src/queries/longest-waits.ts';
import {measure} from '../src/queries/measure.ts';
import type {MetricName} from '../src/queries/metric-catalogue.ts';
import {readCall} from '../src/queries/read-call.ts';
import type {Bucket} from '../src/queries/time-buckets.ts';
import {turnParts} from '../src/queries/turn-parts.ts';
import type {Schema} from '../src/database/schema.ts';

type Ask = (db: Kysely<Schema>) => Promise<unknown>;

const DAY = 24 * 3_600_000;

/** The time ranges that the page offers, each with its bucket. */
const RANGES: readonly (readonly [days: number, bucket: Bucket])[] = [
  [1, '15m'],
  [7, 'hour'],
  [30, '6h'],
  [365, 'day'],
];

/** Every query of every view of the dashboard, for each time range. `until` is in Unix milliseconds. */
export function dashboardQueries(until: number, callSid: string): ReadonlyMap<string, Ask> {
  const queries = new Map<string, Ask>([
    ['facets', db => facets(db)],
    ['one call', db => readCall(db, callSid, LOCAL)],
  ]);
  for (const [days, bucket] of RANGES) {
    const time = {from: new Date(until - days * DAY), to: new Date(until)};
    const add = (name: string, ask: Ask) => queries.set(`${days} d: ${name}`, ask);
    const figures = (metric: MetricName, extra: {bucket?: Bucket; by?: string; assistant?: string} = {}) =>
      add([metric, ...Object.entries(extra).map(([key, value]) => `${key} ${value}`)].join(', '), db =>
        measure(db, {...time, metric, ...extra}),
      );
    for (const metric of ['calls', 'platform_turn_gap', 'time_to_first_audio', 't_stop', 'cost'] as const) {
      figures(metric);
      figures(metric, {bucket});
    }
    figures('platform_turn_gap', {bucket, assistant: 'booking'});
    figures('platform_turn_gap', {by: 'worker'});
    figures('platform_turn_gap', {bucket: 'day', by: 'assistant'});
    figures('calls', {by: 'endReason'});
    figures('cost', {by: 'assistant,model'});
    figures('tool_duration', {by: 'tool,ok'});
    figures('failover_gap', {by: 'kind'});
    add('parts of turns', db => turnParts(db, {...time, bucket}));
    add('longest waits', db => longestWaits(db, {...time, limit: 10}));
    add('calls at the same time', db => concurrency(db, {...time, bucket}));
    add('calls by hour of the week', db => callsByHour(db, {...time, zone: 'Europe/Oslo'}));
    add('histogram of t_stop', db => histogram(db, {...time, metric: 't_stop', step: 20}));
    add('histogram of platform_turn_gap', db => histogram(db, {...time, metric: 'platform_turn_gap', step: 50}));
    add('first page of calls', db => listCalls(db, {...time, limit: 50}));
    add('calls that failed over', db => listCalls(db, {...time, failedOver: true, limit: 50}));
  }
  return queries;
}
