import type {Millis} from '@voicebridge/shared/time.ts';

/** What we know of the moment at which something left Twilio: when it arrived, and behind which caller frame. */
export interface Observation {
  readonly at: Millis;
  /** Twilio's timestamp of the last caller frame before it, if one came lately. */
  readonly after: Millis | undefined;
}

/** Frames are this long, and leave this far apart. */
const FRAME_MS = 20;
/** A caller who sent nothing for so long (muted, or silence that is not sent) tells no time. */
const MAX_FRAME_AGE_MS = 300;
/** The fastest way that a frame took lately is looked for in this much of the past, and in as much before that. */
const WINDOW_MS = 2_000;
/** Frames that come later on average were held up together, and say nothing of a usual way. */
const MAX_JITTER_MS = 100;

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
export class RemoteClock {
  #last: {readonly timestamp: Millis; readonly at: Millis} | undefined;
  #window = new DelayWindow();
  #windowBefore = new DelayWindow();
  #windowEnds: Millis = Number.NEGATIVE_INFINITY;

  /** A caller frame with this timestamp arrived. */
  frame(timestamp: Millis, at: Millis): void {
    if (at >= this.#windowEnds) {
      this.#windowBefore = this.#window;
      this.#window = new DelayWindow();
      this.#windowEnds = at + WINDOW_MS;
    }
    this.#window.add(at - timestamp);
    this.#last = {timestamp, at};
  }

  /** Something other than a frame arrives now. */
  observe(at: Millis): Observation {
    const isFresh = this.#last !== undefined && at - this.#last.at <= MAX_FRAME_AGE_MS;
    return {at, after: isFresh ? this.#last?.timestamp : undefined};
  }

  /** When it would have arrived, had it taken the fastest way: the time between two such moments is Twilio's. */
  arrival({at, after}: Observation): Millis {
    const least = Math.min(this.#window.shortest, this.#windowBefore.shortest);
    if (after === undefined || !Number.isFinite(least)) return at;
    return Math.min(Math.max(at, after + least), after + FRAME_MS + least);
  }

  /** How much longer than the fastest way frames took lately, on average; 0 before the first. A stall is not meant. */
  get jitter(): Millis {
    const [now, before] = [this.#window, this.#windowBefore];
    const count = now.count + before.count;
    if (count === 0) return 0;
    return Math.min((now.sum + before.sum) / count - Math.min(now.shortest, before.shortest), MAX_JITTER_MS);
  }

  /** Another stream has another clock. */
  reset(): void {
    this.#last = undefined;
    this.#window = new DelayWindow();
    this.#windowBefore = new DelayWindow();
    this.#windowEnds = Number.NEGATIVE_INFINITY;
  }
}

/** How late frames were in a stretch of time, on a clock that begins anywhere. */
class DelayWindow {
  shortest: Millis = Number.POSITIVE_INFINITY;
  sum: Millis = 0;
  count = 0;

  add(late: Millis): void {
    this.shortest = Math.min(this.shortest, late);
    this.sum += late;
    this.count += 1;
  }
}
