import type {Clock, Millis} from '@voicebridge/shared/time.ts';

/** How long the last barge-in took, from the event that came in from the network to the clear that went out. */
export class Reaction {
  readonly #clock: Clock;
  #last: {readonly from: Millis; ms: Millis | null} | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something came that may stop the assistant. `arrivedAt`: when it came in; undefined: now. */
  begins(arrivedAt: Millis | undefined): void {
    this.#last = {from: arrivedAt ?? this.#clock.now(), ms: null};
  }

  /** A clear went out. Only the first one counts. */
  cleared(): void {
    if (this.#last) this.#last.ms ??= this.#clock.now() - this.#last.from;
  }

  /** In milliseconds; null if nothing was cleared. */
  get ms(): Millis | null {
    return this.#last?.ms ?? null;
  }
}
