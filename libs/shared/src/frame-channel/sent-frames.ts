import type {Millis} from '../time.ts';
import {PacketKind} from './packet.ts';

/** One numbered frame that the other side has not confirmed. */
export interface SentFrame {
  seq: number;
  /** How many numbers it stands for: 1, or more for dropped audio. */
  span: number;
  kind: number;
  timestamp: number;
  firstAt: Millis;
  lastAt: Millis;
  /** Whether the last publish found a receiver; undefined until Redis has said so, false before the first. */
  handed: boolean | undefined;
  /** Its first copy did not arrive: it found no receiver, or the other side asked for it. */
  missed: boolean;
  /** Where its audio is in the ring. */
  position: number;
  length: number;
  /** The body of a frame that is no audio. */
  body: Buffer | undefined;
}

/** An empty list that is longer gives its records back. */
const KEPT_EMPTY = 64;

/**
 * The frames that were sent and are not confirmed, by rising number. Its records are used again and again: fifty frames a
 * second and call would otherwise be as many objects.
 */
export class SentFrames {
  #records: SentFrame[] = [];
  #first = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** `place` counts from the oldest, which is 0. */
  at(place: number): SentFrame | undefined {
    return place < this.#size ? this.#records[this.#index(place)] : undefined;
  }

  /** When the oldest frame was first sent. */
  get oldestAt(): Millis | undefined {
    return this.at(0)?.firstAt;
  }

  /** When the oldest frame that is no audio was first sent. */
  get oldestControlAt(): Millis | undefined {
    for (let place = 0; place < this.#size; place += 1) {
      const frame = this.at(place);
      if (frame && frame.kind !== PacketKind.audio && frame.kind !== PacketKind.gone) return frame.firstAt;
    }
    return undefined;
  }

  /** The place of the oldest of so many frames of which the first copy did not arrive; as many, if none was missed. */
  firstMissed(count: number): number {
    for (let place = 0; place < count; place += 1) if (this.at(place)?.missed) return place;
    return count;
  }

  /** A record at the end, whose fields are to be set. */
  push(): SentFrame {
    if (this.#size === this.#records.length) this.#grow();
    this.#size += 1;
    return this.#records[this.#index(this.#size - 1)] ?? blank();
  }

  /** Forgets the oldest frames. */
  drop(count: number): void {
    for (let place = 0; place < count; place += 1) {
      const record = this.#records[this.#index(place)];
      if (record) record.body = undefined;
    }
    this.#size -= count;
    this.#first = this.#size === 0 ? 0 : this.#index(count);
    if (this.#size === 0 && this.#records.length > KEPT_EMPTY) this.#records = [];
  }

  /**
   * Replaces audio that was first sent at `until` or before by notes of how much is gone, and joins neighbouring notes.
   * Returns when the oldest audio that is left was first sent, infinite if none is, and the oldest that was given up now.
   */
  giveUp(until: Millis): {readonly oldestAt: Millis; readonly goneAt: Millis | undefined} {
    let oldestAt = Number.POSITIVE_INFINITY;
    let goneAt: Millis | undefined;
    this.filter((frame, before) => {
      if (frame.kind === PacketKind.audio && frame.firstAt > until) oldestAt = Math.min(oldestAt, frame.firstAt);
      else if (frame.kind === PacketKind.audio) {
        goneAt ??= frame.firstAt;
        frame.kind = PacketKind.gone;
        frame.timestamp = 0;
        frame.body = undefined;
      }
      if (frame.kind !== PacketKind.gone || before?.kind !== PacketKind.gone) return true;
      before.span += frame.span;
      return false;
    });
    return {oldestAt, goneAt};
  }

  /** Keeps the frames for which `keeps` is true. It is asked for each in order, with the one that was kept before. */
  filter(keeps: (frame: SentFrame, before: SentFrame | undefined) => boolean): void {
    let kept = 0;
    for (let place = 0; place < this.#size; place += 1) {
      const frame = this.#records[this.#index(place)];
      if (!frame || !keeps(frame, kept === 0 ? undefined : this.at(kept - 1))) continue;
      this.#swap(kept, place);
      kept += 1;
    }
    this.#size = kept;
  }

  /** The place of the oldest frame that ends with `seq` or a later number. */
  placeOf(seq: number): number {
    let [low, high] = [0, this.#size];
    while (low < high) {
      const middle = (low + high) >> 1;
      const frame = this.at(middle);
      if (frame && frame.seq + frame.span > seq) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #index(place: number): number {
    const index = this.#first + place;
    return index < this.#records.length ? index : index - this.#records.length;
  }

  #swap(one: number, other: number): void {
    const [here, there] = [this.#index(one), this.#index(other)];
    const [first, second] = [this.#records[here], this.#records[there]];
    if (!first || !second) return;
    this.#records[here] = second;
    this.#records[there] = first;
  }

  #grow(): void {
    const inOrder = this.#records.map((_, place) => this.#records[this.#index(place)] ?? blank());
    this.#first = 0;
    this.#records = inOrder.concat(Array.from({length: Math.max(8, inOrder.length)}, blank));
  }
}

function blank(): SentFrame {
  return {
    seq: 0,
    span: 1,
    kind: 0,
    timestamp: 0,
    firstAt: 0,
    lastAt: 0,
    handed: undefined,
    missed: false,
    position: 0,
    length: 0,
    body: undefined,
  };
}
