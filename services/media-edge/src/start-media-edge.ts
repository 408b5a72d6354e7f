import {randomBytes} from 'node:crypto';
import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import {CaptureFolder} from '@voicebridge/shared/capture/capture-folder.ts';
import {openRecordingStore} from '@voicebridge/shared/recordings/recordings-url.ts';
import {openWorkerClient} from '@voicebridge/shared/rpc/worker-client.ts';
import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Fleet, Member} from '@voicebridge/shared/fleet/fleet.ts';
import {registerMember} from '@voicebridge/shared/fleet/registration.ts';
import {LastKnownFleet} from '@voicebridge/shared/fleet/last-known-fleet.ts';
import {MemberCache} from '@voicebridge/shared/fleet/member-cache.ts';
import {monitorPeers} from '@voicebridge/shared/liveness/peer-monitor.ts';
import type {MediaBus} from '@voicebridge/shared/bus/media-bus.ts';
import {reliableFrameChannels} from '@voicebridge/shared/frame-channel/reliable-frame-channel.ts';
import {lookFirst} from '@voicebridge/shared/service/first-look.ts';
import {closeServer, healthServer, listen} from '@voicebridge/shared/service/http.ts';
import type {Service} from '@voicebridge/shared/service/lifecycle.ts';
import {openMetricsPort, readersOnPort} from '@voicebridge/shared/service/metrics-port.ts';
import {boundStrangers} from '@voicebridge/shared/service/strangers.ts';
import {OutageLog} from '@voicebridge/shared/observability/outage-log.ts';
import {RefusalLog} from '@voicebridge/shared/observability/refusal-log.ts';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import {Descriptors} from '@voicebridge/shared/observability/descriptors.ts';
import {EventLoopLag} from '@voicebridge/shared/observability/event-loop-lag.ts';
import type {NotTaking} from '@voicebridge/shared/observability/metric-labels.ts';
import {FORGED} from '@voicebridge/shared/observability/metric-labels.ts';
import {createMetrics, measureTaking} from '@voicebridge/shared/observability/metrics.ts';
import {ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {fleetPresence} from '@voicebridge/shared/redis/keys.ts';
import {measureRedis, redisNotReady} from '@voicebridge/shared/redis/redis-state.ts';
import {everyWhile} from '@voicebridge/shared/ticker.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {quietTraces, type Traces} from '@voicebridge/shared/observability/trace.ts';
import {listenOn} from '@voicebridge/shared/config/twilio-settings.ts';
import {capturedSocket} from './carriers/captured-socket.ts';
import type {Carrier} from './carriers/carrier.ts';
import {twilioCarrier} from './carriers/twilio/twilio-carrier.ts';
import {CallLeg, type LegDeps} from './leg/call-leg.ts';
import type {EdgeConfig} from './config.ts';
import {drainLegs} from './leg/drain-legs.ts';
import {fleetWorkers} from './worker-link/fleet-workers.ts';
import type {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {Legs} from './leg/legs.ts';
import {answerHandshakes} from './leg/open-leg.ts';

export interface EdgeDeps {
  readonly bus: MediaBus;
  /** Signs what is said to workers; nothing is signed if not given. */
  readonly key?: FleetKey | undefined;
  readonly directory: CallDirectory;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  /** Where spans go; nowhere if not given. */
  readonly traces?: Traces;
  /** Whose sockets are taken; Twilio's if not given. */
  readonly carrier?: Carrier<IncomingMessage, Duplex>;
}

/** Tickets were taken for so long again: an outage is over. */
const TICKETS_SETTLED_MS: Millis = 1_000;
/** How often every leg checks its limits of time. */
const TICK_MS = 250;

/** A running edge, between the sockets of a carrier and the workers that own their calls. */
export interface MediaEdge extends Service {
  readonly id: ProcessId;
  readonly port: number;
}

/** Takes the carrier's sockets on `config.PORT` and joins the fleet. Rejects with `CannotStart` if the port is taken. */
export async function startMediaEdge(config: EdgeConfig, deps: EdgeDeps): Promise<MediaEdge> {
  const {clock, directory, fleet} = deps;
  const id = ProcessId.parse(`edge-${randomBytes(6).toString('hex')}`);
  const log = deps.log.child({edge: id});
  const metrics = createMetrics('media-edge');
  deps.key?.onRefused(() => metrics.malformedTotal.inc(FORGED));
  const startedAt = clock.wall();
  const legs = new Legs(log);
  const stopped = new AbortController();
  let draining = false;

  await using stack = new AsyncDisposableStack();
  const channels = stack.use(reliableFrameChannels(deps.bus, clock));
  const workerClient = stack.use(await openWorkerClient({bus: deps.bus, clock, id, log, key: deps.key}));
  const peers = stack.use(monitorPeers({bus: deps.bus, clock, metrics, log}));
  const members = stack.use(new MemberCache(stack.use(new LastKnownFleet(fleet, clock)), 'workers', clock));
  const workers = fleetWorkers({...deps, fleet: members, id, log, metrics, workerClient, peers});
  const descriptors = stack.use(new Descriptors(clock));
  const lag = stack.use(new EventLoopLag(clock));
  const carrier = deps.carrier ?? twilioCarrier(config);
  const store = config.CAPTURE === 'off' ? undefined : openRecordingStore(config);
  const capture = stack.use(CaptureFolder.open(config, {clock, log, process: id, store}));
  const refusals = stack.use(new RefusalLog(clock, log));
  const legDeps: LegDeps = {
    refusals,
    id,
    directory,
    channels,
    workers,
    clock,
    log,
    metrics,
    traces: deps.traces ?? quietTraces,
    attached: (leg, replaced) => legs.attach(leg, replaced),
  };

  const ticking = everyWhile(clock, TICK_MS, () => {
    legs.tick(clock.now());
    work(legs.size > 0);
  });
  /** What is done again and again as long as there are calls. */
  const work = (isNeeded: boolean) => {
    ticking(isNeeded);
    members.keepFresh(isNeeded);
  };
  stack.defer(() => work(false));
  const state = (): Member['state'] => (draining ? 'draining' : 'ready');
  const notReady = () => (draining ? 'draining' : redisNotReady(deps.bus.trouble()));
  /** Why no stream is taken: as a label, and in words. */
  const refusal = (): readonly [NotTaking, string] | undefined => {
    if (draining) return ['draining', 'draining'];
    const trouble = redisNotReady(deps.bus.trouble());
    if (trouble !== undefined) return ['redis', trouble];
    if (descriptors.scarce !== undefined) return ['descriptors', descriptors.scarce];
    return legs.size < config.MAX_CALLS ? undefined : ['full', 'every place is taken'];
  };
  const notTaking = () => refusal()?.[1];
  const health = {notReady, notTaking};
  const server = healthServer(health, metrics, readersOnPort(config));
  lookFirst(server, head => handshakes.look(head));
  const tickets = stack.use(
    new OutageLog(clock, TICKETS_SETTLED_MS, {
      away: thrown => log.warn({err: thrown, what: 'take ticket'}, 'failed, trying again'),
      back: outage => log.info({...outage, what: 'take ticket'}, 'works again'),
    }),
  );
  const strangers = stack.use(
    boundStrangers(server, {clock, onCut: reason => metrics.strangersCutTotal.inc({reason})}),
  );
  const handshakes = answerHandshakes({
    carrier,
    directory,
    proved: connection => strangers.proved(connection),
    clock,
    log,
    metrics,
    refusals,
    tickets,
    hasRoom: () => legs.size < config.MAX_CALLS && descriptors.scarce === undefined,
    opened(socket, entrance) {
      work(true);
      const seen = capture ? capturedSocket(socket, capture, {held: config.CAPTURE === 'assistants'}) : socket;
      legs.add(new CallLeg(seen, entrance, legDeps), clock.now());
    },
  });
  server.on('upgrade', (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    background(handshakes.answer(request, connection, head), log, 'answer a handshake');
  });
  const port = await listen(server, config.PORT, 'PORT', listenOn(config));
  stack.defer(() => closeServer(server));
  const metricsPort = stack.use(await openMetricsPort(config, {health, metrics, clock}));

  metrics.callsCapacity.set(config.MAX_CALLS);
  stack.defer(await deps.bus.holdPresence(fleetPresence('edges', id)));
  const member = () => {
    metrics.callsActive.set(legs.size);
    metrics.eventLoopLag.set(lag.worst / 1_000);
    measureRedis(metrics, deps.bus.trouble());
    measureTaking(metrics, refusal()?.[0]);
    return {
      id,
      trouble: descriptors.scarce && 'descriptors',
      calls: legs.size,
      state: state(),
      capacity: config.MAX_CALLS,
      url: config.PUBLIC_EDGE_URL,
      lagMs: lag.worst,
      startedAt,
    };
  };
  const registration = stack.use(await registerMember({fleet, name: 'edges', clock, log, member}));
  stack.defer(() => {
    stopped.abort();
    for (const leg of legs) leg.terminate();
  });
  const resources = stack.move();
  log.info({port, metricsPort: metricsPort.port}, 'edge is ready');

  /** Whether another edge could take our calls. */
  const elsewhere = async () => {
    const edges = await fleet.members('edges').catch(() => []);
    return edges.some(edge => edge.id !== id && edge.state === 'ready' && edge.calls < edge.capacity);
  };

  return {
    name: 'media-edge',
    id,
    port,
    notReady,
    notTaking,
    async drain() {
      draining = true;
      metrics.draining.set(1);
      const deadline = clock.now() + config.DRAIN_SECONDS * 1_000;
      await registration.announce();
      await drainLegs(legs, {clock, deadline, elsewhere, signal: stopped.signal});
      await legs.empty();
      await capture?.allSent();
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
