import {Router} from 'express';
import {callsByHour, CallsByHourQuery} from '../queries/calls-by-hour.ts';
import {concurrency, ConcurrencyQuery} from '../queries/concurrency.ts';
import {csvOf} from '../queries/csv.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {difference, DifferenceQuery} from '../queries/difference.ts';
import {facets} from '../queries/facets.ts';
import {histogram, HistogramQuery} from '../queries/histogram.ts';
import {LongestWaits, longestWaits, LongestWaitsQuery} from '../queries/longest-waits.ts';
import {measure, MetricsQuery} from '../queries/measure.ts';
import {TurnParts, turnParts, TurnPartsQuery} from '../queries/turn-parts.ts';
import {readRequest} from './read-request.ts';
import {sendCsv} from './send-csv.ts';

/** Metrics, histograms and concurrent calls over many calls. */
export function metricsRoutes(database: DatabaseWatch): Router {
  const routes = Router();
  routes.get('/api/metrics', async (request, response) => {
    response.json(await measure(database.now, readRequest(MetricsQuery, request.query)));
  });

  routes.get('/api/metrics.csv', async (request, response) => {
    const {by, groups, missingBefore} = await measure(database.now, readRequest(MetricsQuery, request.query));
    const rows = groups.map(({group, ...figures}) => ({
      ...figures,
      ...Object.fromEntries(by.map((name, index) => [name, group[index]])),
    }));
    const columns = ['at', ...by, 'count', 'mean', 'deviation', 'min', 'max', 'sum', 'p50', 'p90', 'p95', 'p99'];
    await sendCsv(request, response, {name: 'metrics.csv', lines: csvOf(rows, columns), missingBefore, database});
  });

  routes.get('/api/histogram', async (request, response) => {
    response.json(await histogram(database.now, readRequest(HistogramQuery, request.query)));
  });

  routes.get('/api/concurrency', async (request, response) => {
    response.json(await concurrency(database.now, readRequest(ConcurrencyQuery, request.query)));
  });

  routes.get('/api/concurrency.csv', async (request, response) => {
    const {buckets, missingBefore} = await concurrency(database.now, readRequest(ConcurrencyQuery, request.query));
    const lines = csvOf(buckets, ['at', 'peak']);
    await sendCsv(request, response, {name: 'concurrency.csv', lines, missingBefore, database});
  });

  routes.get('/api/calls-by-hour', async (request, response) => {
    response.json(await callsByHour(database.now, readRequest(CallsByHourQuery, request.query)));
  });

  routes.get('/api/calls-by-hour.csv', async (request, response) => {
    const {hours, missingBefore} = await callsByHour(database.now, readRequest(CallsByHourQuery, request.query));
    const lines = csvOf(hours, ['weekday', 'hour', 'count']);
    await sendCsv(request, response, {name: 'calls-by-hour.csv', lines, missingBefore, database});
  });

  routes.get('/api/difference', async (request, response) => {
    response.json(await difference(database.now, readRequest(DifferenceQuery, request.query)));
  });

  routes.get('/api/turn-parts', async (request, response) => {
    response.json(await turnParts(database.now, readRequest(TurnPartsQuery, request.query)));
  });

  routes.get('/api/turn-parts.csv', async (request, response) => {
    const {buckets, missingBefore} = await turnParts(database.now, readRequest(TurnPartsQuery, request.query));
    const lines = csvOf(buckets, Object.keys(TurnParts.shape.buckets.element.shape));
    await sendCsv(request, response, {name: 'turn-parts.csv', lines, missingBefore, database});
  });

  routes.get('/api/longest-waits', async (request, response) => {
    response.json(await longestWaits(database.now, readRequest(LongestWaitsQuery, request.query)));
  });

  routes.get('/api/longest-waits.csv', async (request, response) => {
    const {waits, missingBefore} = await longestWaits(database.now, readRequest(LongestWaitsQuery, request.query));
    const lines = csvOf(waits, Object.keys(LongestWaits.shape.waits.element.shape));
    await sendCsv(request, response, {name: 'longest-waits.csv', lines, missingBefore, database});
  });

  routes.get('/api/facets', async (_request, response) => {
    response.json(await facets(database.now));
  });
  return routes;
}
