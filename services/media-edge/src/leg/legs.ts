import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {mediaUp} from '@voicebridge/shared/redis/keys.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallLeg} from './call-leg.ts';

/** A look that comes so much later than the one before: this process was stopped, or far too busy. */
const LATE_MS = 1_000;

/** Every socket of this edge, for as long as it is open. */
export class Legs implements Iterable<CallLeg> {
  readonly #log: Log;
  readonly #legs = new Set<CallLeg>();
  /** By the channel that carries what their callers say. */
  readonly #attached = new Map<string, CallLeg>();
  #tickedAt = Number.POSITIVE_INFINITY;
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

  /** Runs a leg to its end. What goes wrong in it ends it, and no other. */
  add(leg: CallLeg): void {
    this.#legs.add(leg);
    const run = leg.run().catch((thrown: unknown) => {
      this.#log.error({err: thrown, ...leg.line?.stream}, 'bug: a leg failed');
      leg.terminate();
    });
    const over = run.then(() => {
      this.#legs.delete(leg);
      const channel = channelOf(leg);
      if (channel !== undefined && this.#attached.get(channel) === leg) this.#attached.delete(channel);
      if (this.#legs.size === 0) this.#empty.resolve();
    });
    background(over, this.#log, 'forget a leg');
  }

  /** To be called a few times a second. */
  tick(at: Millis): void {
    const isLate = at - this.#tickedAt > LATE_MS;
    this.#tickedAt = at;
    for (const leg of this.#legs) {
      if (isLate) leg.wakeUp(at);
      else leg.tick(at);
    }
  }

  /**
   * A leg has the call of its stream. `replaced`: the older stream of the same call, if it was on this edge, which has to
   * go; on another edge it is for the worker to close.
   */
  attach(leg: CallLeg, replaced?: StreamSid): void {
    const channel = channelOf(leg);
    if (channel !== undefined) this.#attached.set(channel, leg);
    const older = replaced && this.#attached.get(mediaUp(replaced));
    if (older && older !== leg) older.supersede();
  }

  /** Who was to hear what is said on a channel. */
  listenerOf(channel: string): ProcessId | undefined {
    return this.#attached.get(channel)?.line?.owner;
  }

  /** Resolves when no socket is open. */
  async empty(): Promise<void> {
    while (this.#legs.size > 0) {
      this.#empty = Promise.withResolvers();
      await this.#empty.promise;
    }
  }
}

function channelOf({line}: CallLeg): string | undefined {
  return line && mediaUp(line.stream.streamSid);
}
