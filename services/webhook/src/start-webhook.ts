import {randomBytes} from 'node:crypto';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import express, {type NextFunction, type Request, type Response, type Router} from 'express';
import {openWorkerClient} from '@voicebridge/shared/rpc/worker-client.ts';
import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Fleet, ListedMember} from '@voicebridge/shared/fleet/fleet.ts';
import {LastKnownFleet} from '@voicebridge/shared/fleet/last-known-fleet.ts';
import type {NumberSentences} from '@voicebridge/shared/fleet/number-sentences.ts';
import type {MediaBus} from '@voicebridge/shared/bus/media-bus.ts';
import {closeServer, healthRoutes, listen, pathOf, refuse} from '@voicebridge/shared/service/http.ts';
import type {Service} from '@voicebridge/shared/service/lifecycle.ts';
import {openMetricsPort, readersOnPort} from '@voicebridge/shared/service/metrics-port.ts';
import {boundStrangers} from '@voicebridge/shared/service/strangers.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import {RefusalLog} from '@voicebridge/shared/observability/refusal-log.ts';
import {EventLoopLag} from '@voicebridge/shared/observability/event-loop-lag.ts';
import {FORGED} from '@voicebridge/shared/observability/metric-labels.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {type FleetKey, NO_FLEET_KEY} from '@voicebridge/shared/protocol/fleet-key.ts';
import {MemorySpendLedger} from '@voicebridge/shared/spend/memory-spend-ledger.ts';
import type {SpendLedger} from '@voicebridge/shared/spend/spend-ledger.ts';
import {ProcessId, Ticket} from '@voicebridge/shared/protocol/ids.ts';
import {measureRedis, redisNotReady} from '@voicebridge/shared/redis/redis-state.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {quietTraces, type Traces} from '@voicebridge/shared/observability/trace.ts';
import {isOurs, listenOn, UNSIGNED_HERE} from '@voicebridge/shared/config/twilio-settings.ts';
import type {CallsApiDeps} from './calls-api/calls-api.ts';
import type {CallsOut} from './calls-out/calls-out.ts';
import type {WebhookConfig} from './config.ts';
import type {CarrierRoutes} from './admission/carrier-routes.ts';
import {twilioRoutes} from './carriers/twilio/routes.ts';
import {OwnSentences} from './admission/own-sentences.ts';
import {HeldCallers} from './admission/held-callers.ts';
import {SORRY} from './admission/call-answer.ts';
import type {CallContext} from './admission/call-context.ts';
import type {PeopleCaller} from './admission/people-caller.ts';
import {renderAnswer} from './carriers/twilio/render-answer.ts';

export interface WebhookDeps {
  readonly directory: CallDirectory;
  readonly fleet: Fleet;
  readonly bus: MediaBus;
  /** Signs what is said to workers; nothing is signed if not given. */
  readonly key?: FleetKey | undefined;
  readonly clock: Clock;
  /** What calls cost, and how many there are; known to this process alone if not given. */
  readonly ledger?: SpendLedger;
  /** What the assistants of numbers say where no worker can; nothing of their own if not given. */
  readonly sentences?: NumberSentences;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly log: Log;
  /** Where spans go; nowhere if not given. */
  readonly traces?: Traces;
  /** Calls that are made; none if not given. */
  readonly callsOut?: CallsOutDoor | undefined;
  /** Calls people for callers who hear music meanwhile; they are dialled if not given. */
  readonly people?: PeopleCaller | undefined;
  /** How a carrier asks; as Twilio does if not given. */
  readonly carrier?: (context: CallContext) => CarrierRoutes<IncomingMessage, ServerResponse, Router>;
}

/** What makes calls, and lets programs ask for them. */
export interface CallsOutDoor {
  readonly callsOut: CallsOut;
  readonly api: (passed: CallsApiDeps['passed'], hasAssistant: CallsApiDeps['hasAssistant']) => Router;
  drain(): Promise<void>;
}

export interface Webhook extends Service {
  /** The port it listens on; differs from PORT if that is 0. */
  readonly port: number;
  /** Where its metrics are, if they have a port of their own. */
  readonly metricsPort: number | undefined;
}

/** No start waits longer for the sentences of assistants. */
const SENTENCES_WITHIN: Millis = 1_000;

/** So many edges that are not ours are named in the log. */
const MOST_STRANGE = 100;
const STRANGE_EDGE =
  'callers are not sent to an edge, because its origin is not on the host of PUBLIC_EDGE_URL: name it in EDGE_ORIGINS, or give all processes one FLEET_KEY';

/** A ticket that cannot be guessed. */
function newTicket(): Ticket {
  return Ticket.parse(randomBytes(16).toString('hex'));
}

/** Answers the carrier over HTTP until it is drained. Rejects with `CannotStart` if it cannot listen. */
export async function startWebhook(config: WebhookConfig, deps: WebhookDeps): Promise<Webhook> {
  const {bus, clock, log} = deps;
  await using opened = new AsyncDisposableStack();
  const id = ProcessId.parse(`webhook-${randomBytes(6).toString('hex')}`);
  const metrics = createMetrics('webhook');
  deps.key?.onRefused(() => metrics.malformedTotal.inc(FORGED));
  const workerClient = opened.use(await openWorkerClient({bus, clock, id, log, key: deps.key}));
  const lag = opened.use(new EventLoopLag(clock));
  opened.defer(
    every(clock, 1_000, () => {
      measureRedis(metrics, bus.trouble());
      metrics.eventLoopLag.set(lag.worst / 1_000);
    }),
  );

  let draining = false;
  const notReady = () => (draining ? 'draining' : redisNotReady(bus.trouble()));
  const held = new HeldCallers(clock);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/', (_, response) => {
    response.json({message: 'Twilio Media Stream Express Server is running!'});
  });
  const strangeEdges = new Set<string>();
  const strange = ({id: edge, url}: ListedMember) => {
    if (strangeEdges.size >= MOST_STRANGE || strangeEdges.has(edge)) return;
    strangeEdges.add(edge);
    log.warn({edge, url}, STRANGE_EDGE);
  };
  const says = opened.use(new OwnSentences(deps.sentences, {clock, log}));
  await Promise.race([says.read(), sleep(clock, SENTENCES_WITHIN)]);
  const refusals = opened.use(new RefusalLog(clock, log));
  const proved: CallContext['proved'] = (request, response) => {
    strangers.proved(request.socket);
    // Whoever asked us to close is told that we do: a proxy would use the connection again otherwise, and lose a call.
    if (response.shouldKeepAlive) response.removeHeader('connection');
  };
  const context = {
    traces: quietTraces,
    ledger: new MemorySpendLedger(() => clock.wall()),
    ...deps,
    fleet: opened.use(new LastKnownFleet(deps.fleet, clock, ['edges', 'workers'])),
    key: deps.key ?? NO_FLEET_KEY,
    id,
    workerClient,
    config,
    metrics,
    held,
    says,
    newTicket,
    strange,
    refusals,
    proved,
    callsOut: deps.callsOut?.callsOut,
  };
  const hasAssistant = async (name: string) => {
    // A file that has just been added is known to the workers first.
    if (says.has(name) !== true) await says.read();
    return says.has(name);
  };
  if (deps.callsOut) app.use(deps.callsOut.api(proved, hasAssistant));
  const {paths, door, router} = (deps.carrier ?? twilioRoutes)(context);
  app.use(router);
  app.use((thrown: unknown, request: Request, response: Response, _next: NextFunction) => {
    const status = statusOf(thrown);
    if (status !== undefined) return unreadable(response, status);
    log.error({err: thrown, path: request.path}, 'bug: a request could not be answered');
    return void response.type('text/xml').send(renderAnswer({kind: 'hangUp', say: SORRY}, config));
  });
  /** A form too large, an address that cannot be decoded. */
  const unreadable = (response: ServerResponse, status: number) => {
    metrics.socketsRefusedTotal.inc({reason: 'request'});
    refuse(response, status, 'This request cannot be read.\n');
  };

  const health = healthRoutes({notReady}, metrics, readersOnPort(config));
  const basePath = new URL(config.PUBLIC_WEBHOOK_URL).pathname.replace(/\/+$/, '');
  /** Requests that have not been answered. */
  let pending = 0;
  let emptied = () => {};
  const awaited = (response: ServerResponse) => {
    pending += 1;
    response.once('close', () => {
      pending -= 1;
      if (pending === 0) emptied();
    });
  };
  const server = createServer({maxHeaderSize: 16_384, connectionsCheckingInterval: 1_000}, (request, response) => {
    // Kept open only once its request has proved something: nothing may wait on a connection that is cut.
    if (strangers.has(request.socket)) response.setHeader('connection', 'close');
    if (!isOurs(request.headers, config)) return refuse(response, 403, UNSIGNED_HERE);
    if (health(request, response)) return undefined;
    // A proxy may have removed the path of the public address.
    if (basePath !== '' && request.url?.startsWith(`${basePath}/`)) request.url = request.url.slice(basePath.length);
    const path = pathOf(request).toLowerCase();
    if (path === '/') return app(request, response);
    if (deps.callsOut && path.startsWith('/api/')) {
      awaited(response);
      return app(request, response);
    }
    if (!paths.has(path.replace(/\/$/, ''))) return refuse(response, 404);
    awaited(response);
    return door(request, response, status => {
      if (status === undefined) app(request, response);
      else unreadable(response, status);
    });
  });
  const onCut = (reason: string) => metrics.strangersCutTotal.inc({reason});
  const strangers = opened.use(boundStrangers(server, {clock, onCut}));
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  // Longer than the idle time of usual load balancers, which would otherwise use a connection that is being closed.
  server.keepAliveTimeout = 65_000;
  const port = await listen(server, config.PORT, 'PORT', listenOn(config));
  opened.defer(() => closeServer(server));
  const metricsPort = opened.use(await openMetricsPort(config, {health: {notReady}, metrics, clock}));
  log.info({id, port, metricsPort: metricsPort.port, validate: config.TWILIO_VALIDATE}, 'webhook is up');

  const stack = opened.move();
  return {
    name: 'webhook',
    port,
    metricsPort: metricsPort.port,
    notReady,
    async drain() {
      draining = true;
      metrics.draining.set(1);
      await Promise.all([held.leave(), deps.callsOut?.drain()]);
      if (pending > 0) await new Promise<void>(resolve => (emptied = resolve));
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** The 4xx status that express or its form parser gave an error; undefined for anything else. */
function statusOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('status' in thrown) || typeof thrown.status !== 'number') return undefined;
  return thrown.status >= 400 && thrown.status < 500 ? thrown.status : undefined;
}
