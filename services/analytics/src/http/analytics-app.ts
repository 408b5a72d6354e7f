import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import express, {type Express} from 'express';
import {callsRoutes} from './calls-routes.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {erasureRoutes} from './erasure-routes.ts';
import {gate, type GateOptions} from './gate.ts';
import type {LiveFeed} from './live-feed.ts';
import {liveRoutes} from './live-routes.ts';
import {metricsRoutes} from './metrics-routes.ts';
import {openApi} from './openapi.ts';
import {loadAssets, pageAssets, securityHeaders} from './page-assets.ts';
import {Password} from '../auth/password.ts';
import {answerProblem, problemHandler} from './problem.ts';
import {signInRoutes} from './sign-in-routes.ts';

export interface AppDeps {
  readonly password: string | undefined;
  readonly numberHashKey: string | undefined;
  readonly database: DatabaseWatch;
  readonly feed: LiveFeed;
  readonly clock: Clock;
  /** A request has passed the gate: its connection is no stranger's. */
  readonly passed: GateOptions['passed'];
  readonly log: Log;
}

/**
 * The HTTP application, health endpoints excepted: the page and signing in without a session, the API behind the gate.
 */
export async function analyticsApp({
  password,
  numberHashKey,
  database,
  feed,
  clock,
  passed,
  log,
}: AppDeps): Promise<Express> {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(securityHeaders);
  app.use(pageAssets(await loadAssets()));
  const description = openApi();
  app.get('/api/openapi.json', (_request, response) => void response.json(description));
  app.use(
    signInRoutes({password: password === undefined ? undefined : await Password.of(password), database, clock, log}),
  );
  app.use('/api', gate({signIn: password === undefined ? 'off' : 'required', database, clock, passed}));
  app.use(
    callsRoutes(database),
    erasureRoutes(database, numberHashKey),
    metricsRoutes(database),
    liveRoutes(feed, clock),
  );
  app.use((request, response) => {
    answerProblem(response, 404, {error: `there is no ${request.path}`, cure: '/api/openapi.json lists what there is'});
  });
  app.use(problemHandler(database, log));
  return app;
}
