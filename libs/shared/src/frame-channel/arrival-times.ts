import type {Millis} from '../time.ts';

/** When something arrived at the other side, on the clock of this process: after one moment, and by another. */
export interface Arrival {
  readonly after: Millis;
  readonly by: Millis;
  /** How long the way there takes at least. */
  readonly hop: Millis;
}

/**
 * When what was sent arrived at the other side. Each packet that comes back says when it left there, on the clock there, and
 * up to which frame everything had arrived. So a frame that it is the first to confirm arrived between the packet before and
 * this one. The packet with the shortest way shows how the two clocks differ, to half a round trip. Pure.
 *
 *   there   ──p₁(up to 4)─────p₂(up to 7)──       5, 6 and 7 arrived between p₁ and p₂,
 *   here    ──────p₁───────────────────p₂         however late p₂ is
 */
export class ArrivalTimes {
  /** Of the packets that came: in tenths of a millisecond, beyond the first of all. */
  readonly #delays = new Shortest();
  readonly #hops = new Shortest();
  #first: number | undefined;
  #last: Millis = Number.NEGATIVE_INFINITY;

  /**
   * A packet came at `at`. `tenthsBetween`: `at` minus the moment at which it left, on the clock there, in 32 bits. `hopMs`:
   * half of the last round trip. When that arrived of which it is the first to tell.
   */
  packet(tenthsBetween: number, hopMs: Millis, at: Millis): Arrival {
    this.#first ??= tenthsBetween;
    const delay = (tenthsBetween - this.#first) | 0;
    const hop = this.#hops.add(hopMs, at);
    const left = at - (delay - this.#delays.add(delay, at)) / 10 - hop;
    const after = this.#last;
    this.#last = Math.max(after, left);
    return {after, by: this.#last, hop};
  }
}

/** Length of one window. The shortest of the current window and of the one before it counts. */
const WINDOW_MS: Millis = 4_000;

class Shortest {
  #now = Number.POSITIVE_INFINITY;
  #before = Number.POSITIVE_INFINITY;
  #windowEnds: Millis = Number.NEGATIVE_INFINITY;

  /** Returns the shortest of the last seconds. */
  add(value: number, at: Millis): number {
    if (at >= this.#windowEnds) {
      this.#before = this.#now;
      this.#now = Number.POSITIVE_INFINITY;
      this.#windowEnds = at + WINDOW_MS;
    }
    this.#now = Math.min(this.#now, value);
    return Math.min(this.#now, this.#before);
  }
}
