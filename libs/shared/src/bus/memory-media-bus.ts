import type {RedisTrouble} from '../redis/redis-trouble.ts';
import type {Clock, Millis} from '../time.ts';
import type {Delivered, MediaBus, Outlet, Unsubscribe} from './media-bus.ts';
import {outletOverPublish} from './outlet-over-publish.ts';

/** A bus inside one process. It delivers at the next turn of the clock, as a network would. */
export class MemoryMediaBus implements MediaBus {
  /** As a Cluster or a single Redis does; a test may change it. */
  countsAll = true;
  readonly #clock: Clock;
  readonly #hop: (channel: string) => Millis;
  readonly #lastArrival = new Map<string, Millis>();
  readonly #listeners = new Map<string, Set<(message: Buffer) => void>>();
  #wellSince: Millis | undefined;
  #trouble: RedisTrouble | undefined;
  #loses: (channel: string) => boolean = () => false;

  /** `hop`: how long a message takes; the order on a channel stays. By default no time passes. */
  constructor(clock: Clock, hop: (channel: string) => Millis = () => 0) {
    this.#clock = clock;
    this.#hop = hop;
    this.#wellSince = clock.now();
  }

  async publish(channel: string, message: Buffer): Promise<number> {
    if (this.#wellSince === undefined) throw new Error('the bus is down');
    const listeners = [...(this.#listeners.get(channel) ?? [])];
    if (this.#loses(channel)) return listeners.length;
    const now = this.#clock.now();
    const arrivesAt = Math.max(this.#lastArrival.get(channel) ?? 0, now + this.#hop(channel));
    this.#lastArrival.set(channel, arrivesAt);
    for (const listener of listeners) {
      const bytes = Buffer.from(message);
      this.#clock.after(arrivesAt - now, () => {
        listener(bytes);
        bytes.fill(0xff); // they are valid during the call only
      });
    }
    return listeners.length;
  }

  outlet(channel: string, delivered: Delivered): Outlet {
    return outletOverPublish((name, message) => this.publish(name, message), channel, delivered);
  }

  async subscribe(channel: string, listener: (message: Buffer) => void): Promise<Unsubscribe> {
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(listener));
    return async () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(channel);
    };
  }

  holdPresence(channel: string): Promise<Unsubscribe> {
    return this.subscribe(channel, () => {});
  }

  wellSince(): Millis | undefined {
    return this.#wellSince;
  }

  linkedSince(): Millis | undefined {
    return this.#wellSince;
  }

  trouble(): RedisTrouble | undefined {
    return this.#wellSince === undefined ? 'no-answer' : this.#trouble;
  }

  /** Simulates a Redis that delivers messages and refuses writes. */
  setTrouble(trouble: RedisTrouble | undefined): void {
    this.#trouble = trouble;
  }

  /** Simulates an outage of Redis: messages in flight are lost. */
  setDown(down: boolean): void {
    this.#wellSince = down ? undefined : this.#clock.now();
  }

  /** Messages to these channels are lost, and their senders get no error: a node has died, and no process has noticed yet. */
  setLosing(loses: (channel: string) => boolean): void {
    this.#loses = loses;
  }

  /** The channels with subscribers; a leaked subscription shows here. */
  get channels(): readonly string[] {
    return [...this.#listeners.keys()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
  }
}
