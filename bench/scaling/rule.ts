import {ECHO_MS, IDLE_ECHO_MS} from '@voicebridge/shared/bus/echo-watch.ts';
import {BEAT_MS} from '@voicebridge/shared/redis/keys.ts';

/** A fleet on one Redis, or on a Cluster of so many masters. */
export interface Fleet {
  readonly calls: number;
  readonly edges: number;
  readonly workers: number;
  readonly webhooks: number;
  readonly shards: number;
}

/** What a fleet asks of its Redis, all shards together. */
export interface Demand {
  /** Messages that are published a second. */
  readonly published: number;
  /** Messages that are delivered a second. */
  readonly delivered: number;
  /** Heartbeats of workers among them, at most: once every edge has a call on every worker. */
  readonly beatsHeard: number;
  /** Bytes a second in one direction. */
  readonly bytes: number;
  /** At most. */
  readonly connections: number;
}

/** Counted by `npm run bench scaling`: fifty frames of the caller a second, and what the assistant says, marks and receipts. */
export const MESSAGES_PER_CALL = 62;
/** Counted: bytes of a call that go into Redis a second; as many come out again. */
export const BYTES_PER_CALL = 25_500;
/** Of an echo or a heartbeat. */
const BYTES_PER_SIGN = 90;
/** Heartbeats of a worker with calls; every edge that has one of them hears them. */
export const BEATS = 1_000 / BEAT_MS;
/** Those for edges of a version before. */
const BEATS_OF_ALL = 2;
/** Echoes of a process with calls on each shard, and of one without, such as a webhook. */
export const ECHOES = 1_000 / ECHO_MS;
export const IDLE_ECHOES = 1_000 / IDLE_ECHO_MS;
/** Counted: connections of each kind of process to one Redis; on a Cluster no more than these to each master. */
export const CONNECTIONS = {webhook: 2, edge: 3, worker: 4};

/** Without analytics, which needs next to nothing. All calls are spread evenly. */
export function demandOf({calls, edges, workers, webhooks, shards}: Fleet): Demand {
  const busy = calls > 0;
  const echoes = shards * ((busy ? ECHOES : IDLE_ECHOES) * (edges + workers) + IDLE_ECHOES * webhooks);
  const beats = workers * (busy ? BEATS : BEATS_OF_ALL);
  const frames = calls * MESSAGES_PER_CALL;
  const beatsHeard = busy ? beats * edges : 0;
  const signs = echoes + beats + workers * BEATS_OF_ALL;
  return {
    published: frames + signs,
    delivered: frames + echoes + beatsHeard,
    beatsHeard,
    bytes: calls * BYTES_PER_CALL + signs * BYTES_PER_SIGN,
    connections: shards * (webhooks * CONNECTIONS.webhook + edges * CONNECTIONS.edge + workers * CONNECTIONS.worker),
  };
}

/** Microseconds of Redis' one thread for a message that is published and delivered (bench/README.md, Calls: 0.86 ms a call-second). */
const US_PER_MESSAGE = 860 / MESSAGES_PER_CALL;
/** How busy that thread may be: the rest is for the calls of a shard that fails, and for everybody who speaks at once. */
export const BUSY = 0.6;
export const MESSAGES_PER_SHARD = Math.floor((BUSY * 1e6) / US_PER_MESSAGE);
/** 70 % of 200 places. An edge and a worker need 4 ms of a core for a second of a call each. */
export const CALLS_PER_PROCESS = 140;
/** A webhook needs 0.37 ms for a second of calls of half a minute. */
export const CALLS_PER_WEBHOOK = 1_900;
/** Beyond it a fleet says more about itself than it is worth, and loses too much with its Redis. */
export const CALLS_PER_FLEET = 10_000;

/** The processes and masters for this many calls in one fleet, with a process more than needed of each kind. */
export function fleetFor(calls: number): Fleet {
  const processes = Math.ceil(calls / CALLS_PER_PROCESS) + 1;
  const fleet = {calls, edges: processes, workers: processes, webhooks: Math.ceil(calls / CALLS_PER_WEBHOOK) + 1};
  for (let shards = 1; ; shards += 1) {
    const {published, delivered} = demandOf({...fleet, shards});
    // A message that nobody hears, or a second listener, is half of the work.
    if ((published + delivered) / 2 <= shards * MESSAGES_PER_SHARD) return {...fleet, shards: leastOf(shards)};
  }
}

/** Two masters have no majority when one of them dies. */
function leastOf(shards: number): number {
  return shards === 1 ? 1 : Math.max(3, shards);
}
