import {randomUUID} from 'node:crypto';
import {createServer} from 'node:http';
import {closeServer, healthRoutes, listen, REQUEST_LIMITS} from '@voicebridge/shared/service/http.ts';
import type {Service} from '@voicebridge/shared/service/lifecycle.ts';
import type {StrangerLimits} from '@voicebridge/shared/service/stranger-budget.ts';
import {openMetricsPort, readersOnPort} from '@voicebridge/shared/service/metrics-port.ts';
import {boundStrangers} from '@voicebridge/shared/service/strangers.ts';
import {INCLUDED_USUALLY} from '@voicebridge/shared/cdr/after-call.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import {EventLoopLag} from '@voicebridge/shared/observability/event-loop-lag.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {RedisFleet} from '@voicebridge/shared/fleet/redis-fleet.ts';
import {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {OperatorDesk} from '@voicebridge/shared/rpc/operator-desk.ts';
import {findRedis} from '@voicebridge/shared/redis/check-redis.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {queueProbeKey} from '@voicebridge/shared/redis/keys.ts';
import {redisNotReady} from '@voicebridge/shared/redis/redis-state.ts';
import {WriteProbe} from '@voicebridge/shared/redis/write-probe.ts';
import {openRecordingStore} from '@voicebridge/shared/recordings/recordings-url.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {quietTraces, type Traces} from '@voicebridge/shared/observability/trace.ts';
import {analyticsApp} from './http/analytics-app.ts';
import type {AnalyticsEnv} from './config.ts';
import {consumeCalls} from './ingest/consume-calls.ts';
import {DatabaseWatch} from './database/database-watch.ts';
import {openEmbedded, openPostgres} from './database/database.ts';
import {deliverHooks} from './hooks/deliver-hooks.ts';
import {Receivers} from './hooks/patience.ts';
import {modelAsker, type AskModel} from './outcomes/ask-model.ts';
import {fillOutcomes} from './outcomes/fill-outcomes.ts';
import {hookPoster} from './hooks/post-hook.ts';
import {readActiveCalls} from './queries/active-calls.ts';
import {CallsInProgress, withCalls} from './queries/calls-in-progress.ts';
import {type Fleet, readFleet} from './queries/live-fleet.ts';
import {LiveFeed} from './http/live-feed.ts';
import {followOwnCall} from './http/own-call.ts';
import {keepRetention} from './ingest/retention.ts';
import {finishRecordings} from './recordings/finish-recordings.ts';
import {keepExports} from './exports/keep-exports.ts';
import {keepCaptures} from './recordings/keep-captures.ts';
import type {KillProcess, PhoneCallDeps} from './phone/phone-call.ts';
import type {Phones} from './phone/phones.ts';
import {updateGauges} from './update-gauges.ts';

export interface AnalyticsDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Where spans are sent; left out: nowhere. */
  readonly traces?: Traces;
  /** The value of a variable that an assistant names as the secret of its webhooks. */
  readonly secret?: (name: string) => string | undefined;
  /** Ends a worker or an edge whose call is on a phone in the browser. `npm run talk` gives it, and nobody else may. */
  readonly kill?: KillProcess;
}

/** The variable with the secret for AFTER_URL. */
const AFTER_SECRET = 'AFTER_SECRET';

/** Browsers open several connections at once, and keep them for the next page. */
const BROWSERS: StrangerLimits = {atMost: 256, perAddress: 64, proveWithin: 30_000};

export interface Analytics extends Service {
  /** The port that it listens on; differs from PORT when that is 0. */
  readonly port: number;
}

/** Starts analytics: it stores finished calls and answers questions about them, until it is drained. */
export async function startAnalytics(
  config: AnalyticsEnv,
  {clock, log, traces = quietTraces, secret = () => undefined, kill}: AnalyticsDeps,
): Promise<Analytics> {
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
  const lag = opened.use(new EventLoopLag(clock));
  let draining = false;
  /** The Redis from which the records come. */
  let queueHealth: Pick<WriteProbe, 'trouble'> = {trouble: 'no-answer'};
  const notReady = () => (draining ? 'draining' : (database.reason ?? redisNotReady(queueHealth.trouble)));

  const {url: redisUrl} = await findRedis(config.REDIS_URL, {use: 'fleet'}, log);
  const redis = opened.adopt(openRedis(redisUrl, 'commands', log), client => client.disconnect());
  const fleet = new RedisFleet(redis, undefined, {removesDead: false});
  const desk = new OperatorDesk(redis, new FleetKey(config.FLEET_KEY, () => clock.wall()));
  const fleetNow = () => readFleet(fleet);
  const readActive = ({workers}: Fleet) => readActiveCalls(desk, withCalls(workers));
  const feed = opened.use(new LiveFeed({database, readFleet: fleetNow, readActive, clock, log}));
  const recordings = openRecordingStore(config);
  const inProgress = new CallsInProgress({desk, readFleet: fleetNow, clock});
  const follow = followOwnCall({database, inProgress, clock});
  const phones = await phonesOf(config, {follow, kill, clock, log});
  if (phones) opened.use(phones);
  const app = await analyticsApp({
    phones,
    recordings,
    password: config.DASHBOARD_PASSWORD,
    tokens: config.API_TOKENS,
    hosts: config.DASHBOARD_HOSTS,
    proxies: config.TRUSTED_PROXIES,
    eraseQueued: mentions => consumer.erase(mentions),
    sendHook: id => hooks.send(id),
    numberHashKey: config.NUMBER_HASH_KEY,
    passed: request => strangers.proved(request.socket),
    database,
    feed,
    inProgress,
    clock,
    log,
  });
  const health = healthRoutes({notReady}, metrics, readersOnPort(config));
  const server = createServer(REQUEST_LIMITS, (request, response) => {
    if (!health(request, response)) app(request, response);
  });
  const onCut = (reason: string) => metrics.strangersCutTotal.inc({reason});
  const strangers = opened.use(boundStrangers(server, {clock, onCut, limits: BROWSERS}));
  phones?.serve(server, request => strangers.proved(request.socket));
  const port = await listen(server, config.PORT, 'PORT', config.HOST);
  opened.defer(() => closeServer(server));
  const metricsPort = opened.use(await openMetricsPort(config, {health: {notReady}, metrics, clock}));
  await database.start();

  const retention = {
    calls: config.RETENTION_DAYS_CALLS,
    turns: config.RETENTION_DAYS_TURNS,
    transcripts: config.RETENTION_DAYS_TRANSCRIPTS,
    recordings: config.RETENTION_DAYS_RECORDINGS,
  };
  opened.defer(keepRetention(database, retention, clock, log));
  if (recordings) opened.use(finishRecordings(database, recordings, {clock, log}));
  if (recordings) opened.use(keepCaptures(database, recordings, {days: config.CAPTURE_DAYS, clock, log}));
  const hour = config.EXPORT_HOUR;
  if (recordings && hour !== undefined)
    opened.use(keepExports({database, store: recordings, hour, retention, metrics, clock, log}));
  const queue = config.QUEUE_REDIS_URL ?? config.REDIS_URL;
  const found = await findRedis(queue, {variable: 'QUEUE_REDIS_URL', use: 'queue'}, log);
  const connection = opened.adopt(openRedis(found.url, 'queue', log), client => client.disconnect());
  const moved = () => {
    for (const client of [connection, redis]) client.disconnect(true);
  };
  const set = (key: string, ttlMs: Millis) => connection.set(key, '', 'PX', ttlMs);
  const probeLog = log.child({variable: config.QUEUE_REDIS_URL === undefined ? 'REDIS_URL' : 'QUEUE_REDIS_URL'});
  const key = queueProbeKey(randomUUID());
  const probe = opened.use(new WriteProbe({key, set, ...found, clock, log: probeLog, moved}));
  queueHealth = probe;
  const told =
    config.AFTER_URL === undefined
      ? undefined
      : {post: config.AFTER_URL, secret: AFTER_SECRET, include: [...INCLUDED_USUALLY], allowPrivate: true};
  const hooks = opened.use(
    deliverHooks({
      connection,
      database,
      metrics,
      clock,
      log,
      post: hookPoster(),
      secret: name => (name === AFTER_SECRET ? config.AFTER_SECRET : secret(name)),
      told,
      receivers: new Receivers(),
      random: Math.random,
    }),
  );
  const ask = outcomeModelOf(config);
  const onSettled = (callSid: string) => {
    feed.poke();
    hooks.release(callSid);
  };
  const outcomes = opened.use(fillOutcomes({connection, database, metrics, clock, log, ask, onSettled}));
  const onRecorded = (callSid: string) => {
    feed.poke();
    if (ask) outcomes.fill(callSid);
    hooks.tell(callSid);
  };
  const fillsOutcomes = ask !== undefined;
  const consumer = opened.use(
    consumeCalls({connection, database, metrics, traces, clock, log, told, fillsOutcomes, onRecorded}),
  );
  opened.defer(updateGauges({metrics, database, probe, lag, consumer, clock}));
  log.info({port, metricsPort: metricsPort.port, database: database.kind}, 'analytics is up');

  const stack = opened.move();
  return {
    name: 'analytics',
    port,
    notReady,
    async drain() {
      draining = true;
      metrics.draining.set(1);
      await Promise.all([consumer.drain(), outcomes.drain(), hooks.drain()]);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function outcomeModelOf(config: AnalyticsEnv): AskModel | undefined {
  const {OUTCOME_MODEL_URL: url, OUTCOME_MODEL: model, OUTCOME_MODEL_KEY: key} = config;
  return url === undefined || model === undefined ? undefined : modelAsker({url, model, key});
}

/** The phones in browsers, if they are turned on: only then are their libraries loaded. */
async function phonesOf(
  {BROWSER_PHONE: isOn, PUBLIC_WEBHOOK_URL: url, TWILIO_AUTH_TOKEN: [token]}: AnalyticsEnv,
  deps: Omit<PhoneCallDeps, 'webhook'>,
): Promise<Phones | undefined> {
  if (!isOn || url === undefined) return undefined;
  const {Phones} = await import('./phone/phones.ts');
  return new Phones({...deps, webhook: {origin: url, token}});
}
