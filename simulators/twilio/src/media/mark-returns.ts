import type {Millis} from '@voicebridge/shared/time.ts';
import type {PlayQueue, ReturnedMark} from '../phone/play-queue.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';

/**
 * What is odd about how marks come back. Without any of it each comes back in the moment in which the play head passes
 * it, and all that wait come back when a clear arrives. Several can be combined; no mark overtakes another.
 */
export interface MarkKnobs {
  /** Each is late: evenly spread between two limits, or by `mean` on average, most of them less and a few far more. */
  readonly late?: {readonly from: Millis; readonly to: Millis} | {readonly mean: Millis};
  /** They come back in bunches: once in so long, everything that is due by then. */
  readonly bunchedMs?: Millis;
  /** They are sparse: one of so many comes back, and the others never do. */
  readonly oneOf?: number;
  /** This share of them never comes back, at random; 1 is all of them. */
  readonly lost?: number;
  /** So long after the first of them arrived, all that wait come back in one instant: no clear came, the audio plays on. */
  readonly flushedAfterMs?: Millis;
}

/** The way of the marks from the play queue to the socket. */
export class MarkReturns {
  readonly #queue: PlayQueue;
  readonly #knobs: MarkKnobs;
  readonly #random: Random;
  /** When a bunch leaves, in [0, bunchedMs). */
  readonly #phase: Millis;
  #held: {readonly mark: ReturnedMark; readonly leavesAt: Millis}[] = [];
  #lastLeaves: Millis = -Infinity;
  #count = 0;

  constructor(queue: PlayQueue, knobs: MarkKnobs, random: Random) {
    this.#queue = queue;
    this.#knobs = knobs;
    this.#random = random;
    this.#phase = knobs.bunchedMs === undefined ? 0 : random.between(0, knobs.bunchedMs);
  }

  /** The queue is done with these marks. */
  add(marks: readonly ReturnedMark[], at: Millis): void {
    for (const mark of marks) {
      this.#count += 1;
      if (this.#isLost()) continue;
      this.#lastLeaves = Math.max(this.#lastLeaves, this.#whenBunched(at + this.#lateness()));
      this.#held.push({mark, leavesAt: this.#lastLeaves});
    }
  }

  /** The marks that leave by now, in order. */
  take(at: Millis): ReturnedMark[] {
    if (at >= this.#flushAt) this.add(this.#queue.flushMarks(at), at);
    const waiting = this.#held.findIndex(({leavesAt}) => leavesAt > at);
    const leaving = this.#held.splice(0, waiting < 0 ? this.#held.length : waiting);
    return leaving.map(({mark}) => mark);
  }

  /** When to look again; never, if no mark is held. */
  get dueAt(): Millis {
    return Math.min(this.#held[0]?.leavesAt ?? Infinity, this.#flushAt);
  }

  get #flushAt(): Millis {
    const {flushedAfterMs} = this.#knobs;
    return flushedAfterMs === undefined ? Infinity : this.#queue.firstMarkAt + flushedAfterMs;
  }

  #isLost(): boolean {
    const {oneOf = 1, lost = 0} = this.#knobs;
    return this.#count % oneOf !== 0 || (lost > 0 && this.#random.between(0, 1) < lost);
  }

  #lateness(): Millis {
    const {late} = this.#knobs;
    if (!late) return 0;
    if ('mean' in late) return -late.mean * Math.log(1 - this.#random.between(0, 1));
    return this.#random.between(late.from, late.to);
  }

  #whenBunched(at: Millis): Millis {
    const {bunchedMs} = this.#knobs;
    return bunchedMs === undefined ? at : Math.ceil((at - this.#phase) / bunchedMs) * bunchedMs + this.#phase;
  }
}
