import type {MediaBus} from '../bus/media-bus.ts';
import {background, type Log} from '../observability/log.ts';
import type {Metrics} from '../observability/metrics.ts';
import type {ProcessId} from '../protocol/ids.ts';
import {parse} from '../protocol/parse.ts';
import {fleetBeat, fleetPresence, type FleetName} from '../redis/keys.ts';
import {every} from '../ticker.ts';
import type {Cancel, Clock, Millis} from '../time.ts';
import {Beat} from './heartbeat.ts';
import {FailureDetector, type Verdict} from './failure-detector.ts';

/** How often peers are looked at; the most that this adds to a detection. */
const LOOK_EVERY: Millis = 15;

/** What the heartbeats and presence channels of a fleet show. */
export interface Peers extends AsyncDisposable {
  verdict(id: ProcessId): Verdict;
  /**
   * Reports that a message to this peer had no receiver. If its presence channel has none either, it is dead; on a
   * Cluster it is suspected, and dead after two missing heartbeats.
   */
  noReceiver(id: ProcessId): void;
  /** Calls `died` once, when the peer is dead; at the next look if it already is. */
  onDead(id: ProcessId, died: () => void): Cancel;
}

/** Listens to the heartbeats of a fleet. Rejects when it cannot listen. */
export async function monitorPeers(options: {
  readonly bus: MediaBus;
  readonly clock: Clock;
  readonly name: FleetName;
  readonly metrics: Pick<Metrics, 'malformedTotal'>;
  readonly log: Log;
}): Promise<Peers> {
  const {bus, clock, name, metrics, log} = options;
  // Heartbeats may arrive before the subscription is confirmed.
  const detector = new FailureDetector(clock.now(), bus.wellSince(fleetBeat(name)));
  const unsubscribe = await bus.subscribe(fleetBeat(name), message => {
    const beat = parse(Beat, message.toString());
    if (beat.ok) detector.beat(beat.message.id, clock.now(), beat.message.calls);
    else metrics.malformedTotal.inc({peer: name, reason: beat.reason});
  });
  const waiting = new Map<ProcessId, Set<() => void>>();
  const probing = new Set<ProcessId>();
  const tell = () => {
    for (const [id, listeners] of waiting) {
      if (detector.verdict(id, clock.now()) !== 'dead') continue;
      waiting.delete(id);
      log.warn(
        {peer: id, calls: listeners.size, silentMs: Math.round(detector.silence(id, clock.now()))},
        'peer is dead',
      );
      for (const died of listeners) died();
    }
  };
  const stop = every(clock, LOOK_EVERY, () => {
    detector.look(clock.now(), bus.wellSince(fleetBeat(name)));
    tell();
  });
  /** A lost connection may come back; a process that has lost two connections at once is dead, if Redis counts right. */
  const probe = async (id: ProcessId) => {
    if (probing.has(id)) return;
    probing.add(id);
    const presence = fleetPresence(name, id);
    const receivers = await bus.publish(presence, Buffer.alloc(0)).catch(() => 1);
    probing.delete(id);
    if (receivers > 0) return;
    detector.unheard(id, clock.now(), {linkedSince: bus.linkedSince(presence), proof: bus.countsAll});
    tell();
  };
  return {
    verdict: id => detector.verdict(id, clock.now()),
    noReceiver: id => background(probe(id), log, 'probe a peer'),
    onDead(id, died) {
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
      stop();
      waiting.clear();
      await unsubscribe();
    },
  };
}
