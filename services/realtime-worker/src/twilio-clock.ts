import type {Millis} from '@voicebridge/shared/time.ts';

/** What we know of the moment at which something left Twilio: when it arrived, and behind which caller frame. */
export interface Sighting {
  readonly at: Millis;
  /** Twilio's timestamp of the last caller frame before it, if one came lately. */
  readonly after: Millis | undefined;
}

/** Frames are this long, and leave this far apart. */
const FRAME_MS = 20;
/** A caller who sent nothing for so long (muted, or silence that is not sent) tells no time. */
const SILENT_MS = 300;
/** The fastest way that a frame took lately is looked for in this much of the past, and in as much before that. */
const LATELY_MS = 2_000;

/**
 * Twilio's clock, read from the caller's frames: each carries its timestamp, one leaves every 20 ms, and nothing on a
 * socket overtakes. So whatever arrives between two frames left between them, however long the network held it back.
 *
 *   Twilio   f₁────m──f₂──────f₃          m left between f₁ and f₂, though it arrives
 *             ╲     ╲  ╲╲      ╲           together with both of them
 *   here      ·╲·····╲f₁·m·f₂···f₃
 *
 * On a quiet network the arrival says more than the 20 ms do: the fastest frame shows how long the way is at least.
 */
export class TwilioClock {
  #last: {readonly timestamp: Millis; readonly at: Millis} | undefined;
  #least: Millis = Number.POSITIVE_INFINITY;
  #leastBefore: Millis = Number.POSITIVE_INFINITY;
  #windowEnds: Millis = Number.NEGATIVE_INFINITY;

  /** A caller frame with this timestamp arrived. */
  frame(timestamp: Millis, at: Millis): void {
    const late = at - timestamp;
    if (at >= this.#windowEnds) {
      this.#leastBefore = this.#least;
      this.#least = late;
      this.#windowEnds = at + LATELY_MS;
    } else this.#least = Math.min(this.#least, late);
    this.#last = {timestamp, at};
  }

  /** Something other than a frame arrives now. */
  sight(at: Millis): Sighting {
    const isFresh = this.#last !== undefined && at - this.#last.at <= SILENT_MS;
    return {at, after: isFresh ? this.#last?.timestamp : undefined};
  }

  /** How much time passed at Twilio between two sightings. */
  between(earlier: Sighting, later: Sighting): Millis {
    return this.#moment(later) - this.#moment(earlier);
  }

  /** Another stream has another clock. */
  reset(): void {
    this.#last = undefined;
    this.#least = this.#leastBefore = Number.POSITIVE_INFINITY;
    this.#windowEnds = Number.NEGATIVE_INFINITY;
  }

  #moment({at, after}: Sighting): Millis {
    const least = Math.min(this.#least, this.#leastBefore);
    const byArrival = Number.isFinite(least) ? at - least : at;
    if (after === undefined) return byArrival;
    return Math.min(Math.max(byArrival, after), after + FRAME_MS);
  }
}
