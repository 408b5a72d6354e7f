import {slotOf} from './channel-slot.ts';
import type {Delivered, Outlet, Urgency} from './media-bus.ts';
import {spublishPrefix, type Asker, type Batch} from './resp-batch.ts';

/** Where messages are written. */
export interface BatchesOfSlots {
  /** The batch that is written next to the node of a slot. */
  batchOf(slot: number, urgency: Urgency): Batch;
  /** Whether a command in it may be quiet. */
  mayBeQuiet(slot: number): boolean;
}

/** The sending side of one channel. It is also the asker of all its messages, so that none needs an object. */
export class ChannelOutlet implements Outlet, Asker {
  readonly #slot: number;
  readonly #prefix: Buffer;
  readonly #delivered: Delivered;
  readonly #batches: BatchesOfSlots;

  constructor(channel: string, delivered: Delivered, batches: BatchesOfSlots) {
    this.#slot = slotOf(channel);
    this.#prefix = spublishPrefix(channel);
    this.#delivered = delivered;
    this.#batches = batches;
  }

  send(message: Buffer, tag: number, urgency: Urgency, isCounted = true): void {
    const batch = this.#batches.batchOf(this.#slot, urgency);
    batch.spublish(this.#prefix, message, this, tag, !isCounted && this.#batches.mayBeQuiet(this.#slot));
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
