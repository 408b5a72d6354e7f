import type {MediaBus} from '../bus/media-bus.ts';
import {background, logFirstFailure, type Log} from '../observability/log.ts';
import type {Metrics} from '../observability/metrics.ts';
import type {ProcessId} from '../protocol/ids.ts';
import {parse} from '../protocol/parse.ts';
import {beatsOfAll, fleetPresence, workerBeat} from '../redis/keys.ts';
import {retryUntilAborted} from '../retry.ts';
import {everyWhile} from '../ticker.ts';
import type {Cancel, Clock, Millis} from '../time.ts';
import {Beat} from './heartbeat.ts';
import {FailureDetector, type Verdict} from './failure-detector.ts';

/** How often peers are looked at; the most that this adds to a detection. */
const LOOK_EVERY: Millis = 25;
/** How long the heartbeats of a worker are listened to after the last call depended on it. */
const LINGER: Millis = 10_000;
/** A worker that is not heard on its own channel for this long may be of a version that has none. */
const UNHEARD: Millis = 250;

/** What the heartbeats and presence channels of workers show. */
export interface Peers extends AsyncDisposable {
  /** Of a worker on which nobody here depends nothing is known: `suspect`. */
  verdict(id: ProcessId): Verdict;
  /**
   * Reports that a message to this worker had no receiver. If its presence channel has none either, it is dead; on a
   * Cluster it is suspected, and dead after two missing heartbeats.
   */
  noReceiver(id: ProcessId): void;
  /** A call depends on a worker: `died` is called once, when it is dead; at the next look if it already is. */
  onDead(id: ProcessId, died: () => void): Cancel;
}

/** A worker whose heartbeats are listened to. */
interface Watched {
  neededAt: Millis;
  /** Since when its channel is subscribed to. */
  listeningSince: Millis | undefined;
  /** Whether it was heard on its own channel. */
  isHeard: boolean;
  /** Aborts when it is not watched any more. */
  readonly stop: AbortController;
}

/** Listens to the heartbeats of the workers on which calls of this process depend, and of no others. */
export function monitorPeers(options: {
  readonly bus: MediaBus;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'malformedTotal'>;
  readonly log: Log;
}): Peers {
  const {bus, clock, metrics, log} = options;
  const detector = new FailureDetector();
  const watched = new Map<ProcessId, Watched>();
  const waiting = new Map<ProcessId, Set<() => void>>();
  const probing = new Set<ProcessId>();

  const hear = (message: Buffer, onItsOwn: boolean) => {
    const beat = parse(Beat, message.toString());
    if (!beat.ok) return metrics.malformedTotal.inc({peer: 'workers', reason: beat.reason});
    const {id, calls} = beat.message;
    const watch = watched.get(id);
    if (!watch) return;
    watch.isHeard ||= onItsOwn;
    detector.beat(id, clock.now(), calls);
  };
  const listen = async (channel: string, onItsOwn: boolean, signal: AbortSignal): Promise<void> => {
    const subscribed = await retryUntilAborted(() => bus.subscribe(channel, message => hear(message, onItsOwn)), {
      clock,
      signal,
      onFailure: logFirstFailure(log, 'listen to heartbeats'),
    });
    if (!subscribed.ok) return;
    const unsubscribe = () => background(subscribed.result(), log, 'leave a channel of heartbeats');
    if (signal.aborted) unsubscribe();
    else signal.addEventListener('abort', unsubscribe);
  };

  const watch = (id: ProcessId) => {
    const at = clock.now();
    const known = watched.get(id);
    if (known) {
      known.neededAt = at;
      return;
    }
    const watch: Watched = {neededAt: at, listeningSince: undefined, isHeard: false, stop: new AbortController()};
    watched.set(id, watch);
    detector.watch(id, at);
    looking(true);
    const listening = listen(workerBeat(id), true, watch.stop.signal).then(() => {
      if (watch.stop.signal.aborted) return;
      watch.listeningSince = clock.now();
      detector.listening(id, clock.now());
    });
    background(listening, log, 'listen to heartbeats');
  };
  const forget = (id: ProcessId) => {
    watched.get(id)?.stop.abort();
    watched.delete(id);
    leftAt.delete(id);
    detector.forget(id);
  };

  let ofAll: AbortController | undefined;
  /** Listens where older versions send their heartbeats, as long as one of the watched may be old. */
  const listenToAll = (isNeeded: boolean) => {
    if (isNeeded === (ofAll !== undefined)) return;
    ofAll?.abort();
    ofAll = isNeeded ? new AbortController() : undefined;
    if (ofAll) background(listen(beatsOfAll, false, ofAll.signal), log, 'listen to heartbeats');
  };

  /** When the last call left a peer that is dead, and is told about it call by call. */
  const leftAt = new Map<ProcessId, Millis>();
  const tell = () => {
    const at = clock.now();
    for (const id of leftAt.keys()) if (detector.verdict(id, at) !== 'dead') leftAt.delete(id);
    for (const [id, listeners] of waiting) {
      if (detector.verdict(id, at) !== 'dead') continue;
      const last = leftAt.get(id);
      const paceMs = detector.pace(id, at);
      if (last !== undefined && at - last < paceMs) continue;
      leftAt.set(id, at);
      const silentMs = Math.round(detector.silence(id, at));
      if (last === undefined) log.warn({peer: id, calls: listeners.size, silentMs, paceMs}, 'peer is dead');
      const leaving = [...listeners].slice(0, paceMs > 0 ? 1 : listeners.size);
      for (const died of leaving) listeners.delete(died);
      if (listeners.size === 0) waiting.delete(id);
      for (const died of leaving) died();
    }
  };
  const look = () => {
    const at = clock.now();
    for (const [id, watch] of watched) {
      if (waiting.has(id)) watch.neededAt = at;
      else if (at - watch.neededAt > LINGER) forget(id);
    }
    detector.look(at, id => bus.wellSince(workerBeat(id)));
    tell();
    const mayBeOld = ({isHeard, listeningSince}: Watched) => !isHeard && at - (listeningSince ?? at) >= UNHEARD;
    listenToAll([...watched.values()].some(mayBeOld));
    looking(watched.size > 0);
  };
  const looking = everyWhile(clock, LOOK_EVERY, look);

  /** A lost connection may come back; a process that has lost two connections at once is dead, if Redis counts right. */
  const probe = async (id: ProcessId) => {
    if (probing.has(id)) return;
    probing.add(id);
    const presence = fleetPresence('workers', id);
    const receivers = await bus.publish(presence, Buffer.alloc(0)).catch(() => 1);
    probing.delete(id);
    if (receivers > 0) return;
    watch(id);
    detector.unheard(id, clock.now(), {linkedSince: bus.linkedSince(presence), proof: bus.countsAll});
    tell();
  };
  return {
    verdict: id => detector.verdict(id, clock.now()),
    noReceiver: id => background(probe(id), log, 'probe a peer'),
    onDead(id, died) {
      watch(id);
      const listeners = waiting.get(id) ?? new Set();
      // A new function for each call, so that the same listener can be registered twice.
      const listener = () => died();
      waiting.set(id, listeners.add(listener));
      detector.dependOn(id, listeners.size, clock.now());
      return () => {
        if (listeners.delete(listener) && listeners.size === 0 && waiting.get(id) === listeners) waiting.delete(id);
      };
    },
    async [Symbol.asyncDispose]() {
      looking(false);
      listenToAll(false);
      waiting.clear();
      for (const id of watched.keys()) forget(id);
    },
  };
}
