import type {Millis} from '@voicebridge/shared/time.ts';

/** A caller who was not loud for so long has stopped speaking, long before the model says so. */
const LOUD_LATELY_MS = 120;

/** Speech over us that does not count at once: whether it lasts is seen in the caller's frames. */
export class Weighing {
  #until: Millis | undefined;
  #loudAt: Millis = 0;
  #wasTooShort = false;

  /** When it is decided; undefined when nothing is weighed. */
  get until(): Millis | undefined {
    return this.#until;
  }

  /** What is being said now is weighed, or was found too short to yield to. */
  get isHolding(): boolean {
    return this.#until !== undefined || this.#wasTooShort;
  }

  begin(until: Millis, at: Millis): void {
    this.#until = until;
    this.#loudAt = at;
  }

  /** A frame of the caller was loud. */
  loud(at: Millis): void {
    this.#loudAt = at;
  }

  /** Time passed; true if the speech has lasted long enough now. */
  lasted(at: Millis): boolean {
    if (this.#until === undefined || at < this.#until) return false;
    this.#until = undefined;
    this.#wasTooShort = at - this.#loudAt > LOUD_LATELY_MS;
    return !this.#wasTooShort;
  }

  /** The speech is over, or begins anew; true if it was too short. */
  end(): boolean {
    const wasHolding = this.isHolding;
    this.#until = undefined;
    this.#wasTooShort = false;
    return wasHolding;
  }
}
