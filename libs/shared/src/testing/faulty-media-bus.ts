import type {Delivered, MediaBus, Outlet, Unsubscribe} from '../bus/media-bus.ts';
import {outletOverPublish} from '../bus/outlet-over-publish.ts';
import type {Clock, Millis} from '../time.ts';

/** The probability of each fault for one message, 0 to 1, and the longest delay. */
export interface Faults {
  readonly lose: number;
  readonly double: number;
  readonly delay: number;
  readonly delayUpTo: Millis;
  /** The publisher gets 0 receivers or an error although the message was sent. */
  readonly lie: number;
}

/**
 * Wraps a bus and adds faults: it loses, duplicates and delays (and so reorders) messages, and reports wrong receivers.
 */
export class FaultyMediaBus implements MediaBus {
  readonly #bus: MediaBus;
  readonly #clock: Clock;
  readonly #random: () => number;
  /** Its numbers of receivers may be lies. */
  readonly countsAll = false;
  faults: Faults;

  constructor(bus: MediaBus, clock: Clock, random: () => number, faults: Faults) {
    this.#bus = bus;
    this.#clock = clock;
    this.#random = random;
    this.faults = faults;
  }

  async publish(channel: string, message: Buffer): Promise<number> {
    const {lose, double, delay, delayUpTo, lie} = this.faults;
    const copies = this.#random() < lose ? 0 : this.#random() < double ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const late = this.#random() < delay ? this.#random() * delayUpTo : 0;
      if (late === 0) await this.#bus.publish(channel, message);
      else this.#clock.after(late, () => void this.#bus.publish(channel, message).catch(() => {}));
    }
    if (this.#random() < lie) {
      if (this.#random() < 0.5) return 0;
      throw new Error('the connection was lost; whether the message went out is not known');
    }
    return 1;
  }

  outlet(channel: string, delivered: Delivered): Outlet {
    return outletOverPublish((name, message) => this.publish(name, message), channel, delivered);
  }

  subscribe(channel: string, listener: (message: Buffer) => void): Promise<Unsubscribe> {
    return this.#bus.subscribe(channel, listener);
  }

  holdPresence(channel: string): Promise<Unsubscribe> {
    return this.#bus.holdPresence(channel);
  }

  wellSince(channel?: string): Millis | undefined {
    return this.#bus.wellSince(channel);
  }

  linkedSince(channel?: string): Millis | undefined {
    return this.#bus.linkedSince(channel);
  }

  trouble(): ReturnType<MediaBus['trouble']> {
    return this.#bus.trouble();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bus[Symbol.asyncDispose]();
  }
}
