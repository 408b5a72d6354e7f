import type {Millis} from '@voicebridge/shared/time.ts';

/** A phone sends one frame each 20 ms. */
export const FRAME_MS = 20;

/** Deadlines of the frames of one phone: absolute, so that a late tick is followed by a burst instead of a drift. */
export class FrameClock {
  #nextAt: Millis;

  constructor(firstAt: Millis) {
    this.#nextAt = firstAt;
  }

  get dueAt(): Millis {
    return this.#nextAt;
  }

  /** The deadline of a frame that is due, or nothing. Call it again until it says nothing. */
  take(at: Millis): Millis | undefined {
    if (this.#nextAt > at) return undefined;
    const due = this.#nextAt;
    this.#nextAt += FRAME_MS;
    return due;
  }

  /** The first frame of a new stream leaves at once. */
  restart(at: Millis): void {
    this.#nextAt = at;
  }
}
