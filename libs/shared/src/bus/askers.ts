import type {Lane} from './lane.ts';
import type {Asker} from './resp-batch.ts';
import {isList, type RespValue} from './resp-reader.ts';
import type {Subscription} from './subscription.ts';

/** An asker whose answer is a promise. */
export function promised(): Asker & {readonly promise: Promise<RespValue>} {
  const {promise, resolve, reject} = Promise.withResolvers<RespValue>();
  return {
    promise,
    counted: (_, count) => resolve(count),
    answered: (_, value) => resolve(value),
    refused: (_, error) => reject(error),
  };
}

/** Waits for the answer to one subscription. */
export class Subscribing implements Asker {
  readonly #lane: Lane;
  readonly #subscription: Subscription;
  #refusal: Error | undefined;

  constructor(lane: Lane, subscription: Subscription) {
    this.#lane = lane;
    this.#subscription = subscription;
  }

  preludeRefused(error: Error): void {
    this.#refusal = error;
  }

  answered(): void {
    this.#lane.subscribed(this.#subscription, this.#refusal);
  }

  counted(): void {
    this.answered();
  }

  /** The connection is gone. The next one subscribes anew. */
  refused(): void {}
}

/** A field of a map that Redis has answered. */
export function fieldOf(map: RespValue, name: string): RespValue | undefined {
  return isList(map) ? map[map.indexOf(name) + 1] : undefined;
}
