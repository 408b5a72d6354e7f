import type {Millis} from '@voicebridge/shared/time.ts';

/** One direction of a network: everything arrives late, and nothing overtakes. */
export class DelayLine<Item> {
  #items: {item: Item; arrivesAt: Millis}[] = [];
  #lastArrival: Millis = 0;

  /** `late` is how long this item travels; one that would overtake the item before it arrives together with that. */
  push(item: Item, at: Millis, late: Millis): void {
    this.#lastArrival = Math.max(this.#lastArrival, at + Math.max(0, late));
    this.#items.push({item, arrivesAt: this.#lastArrival});
  }

  /** The next item that has arrived, with the moment of its arrival. */
  take(at: Millis): {item: Item; arrivesAt: Millis} | undefined {
    const first = this.#items[0];
    return first && first.arrivesAt <= at ? this.#items.shift() : undefined;
  }

  /** When to look again; never, if nothing travels. */
  get dueAt(): Millis {
    return this.#items[0]?.arrivesAt ?? Infinity;
  }

  /** The line is cut: what travels is lost. */
  drop(): void {
    this.#items = [];
  }
}
