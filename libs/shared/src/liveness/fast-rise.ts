import type {Millis} from '../time.ts';

/** The time in which a number must rise by `MANY`. */
const WINDOW: Millis = 1_000;
const MANY = 4;

/** Notices that a number of calls rises fast: by four or more within a second. Pure. */
export class FastRise {
  #recent: {readonly at: Millis; readonly count: number}[] = [];

  /** The number is `count` now. Whether it rises fast at this moment. */
  rose(count: number, at: Millis): boolean {
    this.#recent = this.#recent.filter(each => at - each.at <= WINDOW);
    const before = this.#recent.at(-1)?.count ?? count;
    // Of equal numbers the newest is enough: what rose since then rose in a shorter time.
    if (before === count) this.#recent.pop();
    this.#recent.push({at, count});
    return count > before && count - Math.min(...this.#recent.map(each => each.count)) >= MANY;
  }
}
