import {createServer} from 'node:http';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {closeServer, healthRoutes, listen, type Service} from '@voicebridge/shared/lifecycle.ts';
import type {Log} from '@voicebridge/shared/log.ts';
import {createMetrics} from '@voicebridge/shared/metrics.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import express from 'express';
import {callsRoutes} from './calls-routes.ts';
import {isLoopback, type AnalyticsEnv} from './config.ts';
import {consumeCalls} from './consume-calls.ts';
import {DatabaseWatch} from './database-watch.ts';
import {openEmbedded, openPostgres} from './database.ts';
import {problemHandler} from './problem.ts';
import {connectQueue} from './queue-connection.ts';

export interface AnalyticsDeps {
  readonly clock: Clock;
  readonly log: Log;
}

export interface Analytics extends Service {
  /** Where it listens; differs from PORT when that is 0. */
  readonly port: number;
}

/** Consumes finished calls and answers questions about them, until it is drained. */
export async function startAnalytics(config: AnalyticsEnv, {clock, log}: AnalyticsDeps): Promise<Analytics> {
  if (!isLoopback(config.HOST) && config.DASHBOARD_PASSWORD === undefined)
    throw new CannotStart(
      'HOST lets other machines in, and nobody would have to sign in; set DASHBOARD_PASSWORD, or leave HOST out',
    );
  await using opened = new AsyncDisposableStack();
  const database = opened.use(
    new DatabaseWatch(
      config.DATABASE_URL === undefined
        ? await openEmbedded(config.DATA_DIR)
        : openPostgres(config.DATABASE_URL, error => database.lost(error)),
      clock,
      log,
    ),
  );
  const metrics = createMetrics('analytics');
  let draining = false;
  const notReady = () => (draining ? 'draining' : database.reason);

  const app = express();
  app.disable('x-powered-by');
  app.use(callsRoutes(database));
  app.use(problemHandler(database, log));

  const health = healthRoutes({notReady}, metrics);
  const server = createServer((request, response) => {
    if (!health(request, response)) app(request, response);
  });
  const port = await listen(server, config.PORT, 'PORT', config.HOST);
  opened.defer(() => closeServer(server));
  await database.start();

  const connection = opened.use(connectQueue(config.REDIS_URL, log));
  const consumer = opened.use(
    consumeCalls({connection: connection.redis, database, metrics, clock, log, onRecorded: () => {}}),
  );
  log.info({port, database: database.kind}, 'analytics is up');

  const stack = opened.move();
  return {
    name: 'analytics',
    port,
    notReady,
    async drain() {
      draining = true;
      await consumer.drain();
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
