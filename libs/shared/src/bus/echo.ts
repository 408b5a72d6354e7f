import type {Clock} from '../time.ts';
import {EchoWatch} from './echo-watch.ts';
import {spublishPrefix, type Asker, type Batch} from './resp-batch.ts';
import {Subscription} from './subscription.ts';

export interface EchoEvents {
  /** It came back. */
  echoed(): void;
  /** It was sent and reached nobody: Redis has dropped our subscription. */
  lost(): void;
  /** Redis refused to send it. */
  refused(error: Error): void;
}

const NOTHING = Buffer.alloc(0);

/** Messages that a process sends to itself through a node of Redis. That they come back is the only proof of health. */
export class Echo implements Asker {
  readonly watch: EchoWatch;
  readonly #clock: Clock;
  readonly #events: EchoEvents;
  readonly #first = Promise.withResolvers<void>();
  /** Resolves when it has come back for the first time. Rejects if our user may not listen to it. */
  readonly ready = this.#first.promise;
  #subscription: Subscription;
  #prefix: Buffer;

  constructor(channel: string, clock: Clock, events: EchoEvents) {
    this.#clock = clock;
    this.#events = events;
    this.watch = new EchoWatch(clock.now());
    this.#subscription = this.#listener(channel);
    this.#prefix = spublishPrefix(channel);
    this.ready.catch(() => {}); // those who wait for it still get the rejection
  }

  get subscription(): Subscription {
    return this.#subscription;
  }

  /** Goes by another channel from now on: the node serves the slot of the last one no longer. */
  take(channel: string): void {
    this.#subscription = this.#listener(channel);
    this.#prefix = spublishPrefix(channel);
  }

  send(batch: Batch): void {
    batch.spublish(this.#prefix, NOTHING, this, 0);
  }

  /** Our user may not listen to it. */
  forbid(error: Error): void {
    this.#first.reject(error);
  }

  counted(_tag: number, receivers: number): void {
    if (receivers > 0) return;
    this.watch.refused(this.#clock.now());
    this.#events.lost();
  }

  answered(): void {}

  refused(_tag: number, error: Error): void {
    this.#events.refused(error);
  }

  #listener(channel: string): Subscription {
    const subscription = new Subscription(channel);
    subscription.add(() => {
      this.#first.resolve();
      this.watch.echoed(this.#clock.now());
      this.#events.echoed();
    });
    return subscription;
  }
}
