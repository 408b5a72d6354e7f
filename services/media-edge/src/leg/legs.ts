import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallLeg} from './call-leg.ts';

/** A tick that comes this much after the one before: the process was stopped, or its event loop was blocked. */
const STOPPED_MS = 1_000;

/** All open sockets of this edge. */
export class Legs implements Iterable<CallLeg> {
  readonly #log: Log;
  readonly #legs = new Set<CallLeg>();
  readonly #attached = new Map<StreamSid, CallLeg>();
  #tickedAt: Millis = 0;
  #empty = Promise.withResolvers<void>();

  constructor(log: Log) {
    this.#log = log;
  }

  get size(): number {
    return this.#legs.size;
  }

  [Symbol.iterator](): Iterator<CallLeg> {
    return this.#legs.values();
  }

  /** Runs a leg to its end. An error in one leg ends that leg only. */
  add(leg: CallLeg, at: Millis): void {
    // Nobody calls `tick` while there is no leg.
    if (this.#legs.size === 0) this.#tickedAt = at;
    this.#legs.add(leg);
    const run = leg.run().catch((thrown: unknown) => {
      this.#log.error({err: thrown, ...leg.link?.stream}, 'bug: a leg failed');
      leg.terminate();
    });
    const over = run.then(() => {
      this.#legs.delete(leg);
      const streamSid = leg.link?.stream.streamSid;
      if (streamSid !== undefined && this.#attached.get(streamSid) === leg) this.#attached.delete(streamSid);
      if (this.#legs.size === 0) this.#empty.resolve();
    });
    background(over, this.#log, 'forget a leg');
  }

  /** Lets every leg check its limits of time; to be called a few times a second while there are any. */
  tick(at: Millis): void {
    const wasStopped = at - this.#tickedAt > STOPPED_MS;
    this.#tickedAt = at;
    for (const leg of this.#legs) {
      if (wasStopped) leg.wakeUp(at);
      else leg.tick(at);
    }
  }

  /**
   * A leg is attached to its call. `replaced`: the older stream of the same call. If it is on this edge its socket is
   * closed here; on another edge the worker has it closed.
   */
  attach(leg: CallLeg, replaced?: StreamSid): void {
    if (leg.link) this.#attached.set(leg.link.stream.streamSid, leg);
    const older = replaced && this.#attached.get(replaced);
    if (older && older !== leg) older.supersede();
  }

  /** Resolves when no socket is open. */
  async empty(): Promise<void> {
    while (this.#legs.size > 0) {
      this.#empty = Promise.withResolvers();
      await this.#empty.promise;
    }
  }
}
