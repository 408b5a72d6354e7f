import {slotOf} from './channel-slot.ts';
import type {Lane} from './lane.ts';

/** One channel that somebody listens to. */
export class Subscription {
  readonly channel: string;
  readonly slot: number;
  /** Whether it has connections of its own, so that it holds whatever happens to the others. */
  readonly isPresence: boolean;
  /** Where it is subscribed, or will be when the lane is open; undefined while no node serves its slot. */
  lane: Lane | undefined;
  /** Where it was before, until Redis has confirmed it at `lane`: no message is lost in between. */
  former: Lane[] = [];
  #listeners: readonly ((message: Buffer) => void)[] = [];
  readonly #confirmed = Promise.withResolvers<void>();
  /** Resolves when Redis has confirmed it for the first time. Rejects if our user may not listen to it. */
  readonly confirmed = this.#confirmed.promise;

  constructor(channel: string, {isPresence = false}: {readonly isPresence?: boolean} = {}) {
    this.channel = channel;
    this.slot = slotOf(channel);
    this.isPresence = isPresence;
    this.confirmed.catch(() => {}); // those who wait for it still get the rejection
  }

  get hasListeners(): boolean {
    return this.#listeners.length > 0;
  }

  add(listener: (message: Buffer) => void): void {
    this.#listeners = [...this.#listeners, listener];
  }

  remove(listener: (message: Buffer) => void): void {
    this.#listeners = this.#listeners.filter(each => each !== listener);
  }

  deliver(message: Buffer): void {
    for (const listener of this.#listeners) listener(message);
  }

  confirm(): void {
    this.#confirmed.resolve();
  }

  reject(error: Error): void {
    this.#confirmed.reject(error);
  }
}
