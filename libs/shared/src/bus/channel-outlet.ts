import {slotOf} from './channel-slot.ts';
import type {Delivered, Outlet, Urgency} from './media-bus.ts';
import {spublishPrefix, type Asker, type Batch} from './resp-batch.ts';

/** The sending side of one channel. It is also the asker of all its messages, so that none needs an object. */
export class ChannelOutlet implements Outlet, Asker {
  readonly #slot: number;
  readonly #prefix: Buffer;
  readonly #delivered: Delivered;
  readonly #batchOf: (slot: number, urgency: Urgency) => Batch;

  /** `batchOf`: the batch that is written next to the node of a slot. */
  constructor(channel: string, delivered: Delivered, batchOf: (slot: number, urgency: Urgency) => Batch) {
    this.#slot = slotOf(channel);
    this.#prefix = spublishPrefix(channel);
    this.#delivered = delivered;
    this.#batchOf = batchOf;
  }

  send(message: Buffer, tag: number, urgency: Urgency): void {
    this.#batchOf(this.#slot, urgency).spublish(this.#prefix, message, this, tag);
  }

  counted(tag: number, receivers: number): void {
    this.#delivered(tag, receivers);
  }

  answered(tag: number): void {
    this.#delivered(tag, 0);
  }

  refused(tag: number): void {
    this.#delivered(tag, 0);
  }
}
