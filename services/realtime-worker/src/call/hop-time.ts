import type {Millis} from '@voicebridge/shared/time.ts';

/** One is measured a second. One that is wrong, for whatever reason, is never the one in the middle. */
const KEPT = 5;

/**
 * How long one hop between edge and worker takes: the median of the last measurements. A process that does not run for a
 * while reads the next answer late, and measures a hop that is as long as its pause.
 */
export class HopTime {
  readonly #measured: Millis[] = [];

  measured(ms: Millis): void {
    this.#measured.push(ms);
    if (this.#measured.length > KEPT) this.#measured.shift();
  }

  /** Milliseconds; of two in the middle the shorter one. Undefined until it was measured. */
  get ms(): Millis | undefined {
    return this.#measured.toSorted((a, b) => a - b)[(this.#measured.length - 1) >> 1];
  }
}
