import type {Millis} from '../time.ts';
import {FastRise} from './fast-rise.ts';

/** What `FailureDetector` knows of one peer. */
export interface Peer {
  /** Whether its heartbeats could be heard. */
  listening: boolean;
  /** Since when the Redis that carries its heartbeats has worked; undefined while it does not. */
  wellSince: Millis | undefined;
  /** Its last heartbeat; without any, when we began to listen. */
  at: Millis;
  /** How long our event loop had been blocked in total by then. */
  asleep: Millis;
  /** Heartbeats since it is known, or since it came back. */
  beats: number;
  /** Its longest recent pause. */
  pause: Millis;
  /** Its calls, by its heartbeats and by those who depend on it here. */
  readonly calls: {readonly there: FastRise; readonly here: FastRise};
  busyUntil: Millis;
  /** Nobody listens where it should, and no heartbeat has come since. */
  unheard: boolean;
  disbelievedUntil: Millis;
  /** Its presence channel has no receiver in all of Redis. */
  gone: boolean;
  /** Dead by silence. */
  silent: boolean;
}

/** A peer of which nothing is known yet. `asleep`: how long our event loop had been blocked in total. */
export function newPeer(at: Millis, asleep: Millis): Peer {
  return {
    listening: false,
    wellSince: undefined,
    at,
    asleep,
    beats: 0,
    pause: 0,
    calls: {there: new FastRise(), here: new FastRise()},
    busyUntil: Number.NEGATIVE_INFINITY,
    unheard: false,
    disbelievedUntil: Number.NEGATIVE_INFINITY,
    gone: false,
    silent: false,
  };
}
