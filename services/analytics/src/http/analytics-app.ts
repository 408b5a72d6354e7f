import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {RecordingStore} from '@voicebridge/shared/recordings/recording-store.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import express, {type Express} from 'express';
import {allowedHosts} from './allowed-hosts.ts';
import {auditRoutes} from './audit-routes.ts';
import {callsRoutes} from './calls-routes.ts';
import type {CallsInProgress} from '../queries/calls-in-progress.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {deliveriesRoutes} from './deliveries-routes.ts';
import {type ErasureDeps, erasureRoutes} from './erasure-routes.ts';
import {gate, type GateOptions} from './gate.ts';
import type {LiveFeed} from './live-feed.ts';
import {liveRoutes} from './live-routes.ts';
import {metricsRoutes} from './metrics-routes.ts';
import {operatorRoutes} from './operator-routes.ts';
import {openApi} from './openapi.ts';
import {OPERATIONS} from './operations/operations.ts';
import {loadAssets, pageAssets, securityHeaders} from './page-assets.ts';
import type {ApiToken} from '@voicebridge/shared/config/api-tokens.ts';
import {OpenStreams} from '../auth/open-streams.ts';
import {Password} from '../auth/password.ts';
import {Sessions} from '../auth/sessions.ts';
import {answerProblem, problemHandler} from './problem.ts';
import type {Phones} from '../phone/phones.ts';
import {phoneRoutes} from './phone-routes.ts';
import {refuseQueries} from './refuse-queries.ts';
import {recordingRoutes} from './recording-routes.ts';
import {rehearsalRoutes} from './rehearsal-routes.ts';
import {remarksRoutes} from './remarks-routes.ts';
import {signInRoutes} from './sign-in-routes.ts';
import {tidyNumbers} from '../queries/tidy-number.ts';

export interface AppDeps {
  readonly password: string | undefined;
  readonly tokens: readonly ApiToken[];
  /** The names by which browsers know the dashboard, besides addresses and those of this machine. */
  readonly hosts: readonly string[];
  /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. */
  readonly proxies: readonly string[];
  readonly eraseQueued: ErasureDeps['eraseQueued'];
  /** Sends a webhook now. */
  readonly sendHook: (id: string) => void;
  readonly numberHashKey: string | undefined;
  readonly database: DatabaseWatch;
  readonly feed: LiveFeed;
  readonly inProgress: CallsInProgress;
  /** Where recordings are kept, if calls are recorded. */
  readonly recordings: RecordingStore | undefined;
  /** The phones in browsers, if they are turned on. */
  readonly phones: Phones | undefined;
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
  tokens,
  hosts,
  proxies,
  eraseQueued,
  sendHook,
  numberHashKey,
  database,
  feed,
  inProgress,
  recordings,
  phones,
  clock,
  passed,
  log,
}: AppDeps): Promise<Express> {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('json replacer', tidyNumbers);
  app.set('trust proxy', [...proxies]);
  const signIn = password === undefined ? 'off' : 'required';
  const streams = new OpenStreams();
  const sessions = new Sessions(database, clock);
  app.use(securityHeaders);
  app.use(allowedHosts(hosts, signIn));
  app.use(pageAssets(await loadAssets()));
  const description = JSON.stringify(openApi(), tidyNumbers);
  app.get('/api/openapi.json', (_request, response) => void response.type('json').send(description));
  app.use(refuseQueries(OPERATIONS.filter(({isOpen}) => isOpen === true)));
  app.use(
    signInRoutes({
      password: password === undefined ? undefined : await Password.of(password),
      database,
      sessions,
      streams,
      clock,
      log,
    }),
  );
  app.use('/api', gate({signIn, tokens, sessions, passed}));
  app.use(
    refuseQueries(OPERATIONS.filter(({isOpen}) => isOpen !== true)),
    callsRoutes(database, numberHashKey),
    recordingRoutes(database, recordings),
    rehearsalRoutes(database, {recordings, log}),
    erasureRoutes({database, numberHashKey, eraseQueued}),
    remarksRoutes(database),
    metricsRoutes(database),
    auditRoutes(database),
    deliveriesRoutes({database, send: sendHook, clock}),
    phoneRoutes(phones),
    operatorRoutes({database, inProgress, clock}),
    liveRoutes({feed, database, sessions, streams, clock}),
  );
  app.use((request, response) => {
    answerProblem(response, 404, {error: `there is no ${request.path}`, cure: '/api/openapi.json lists what there is'});
  });
  app.use(problemHandler(database, log));
  return app;
}
