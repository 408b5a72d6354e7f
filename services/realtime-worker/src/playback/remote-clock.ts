import type {Millis} from '@voicebridge/shared/time.ts';

/** When a message from Twilio arrived (`at`, our clock), and which caller frame arrived before it. */
export interface Observation {
  readonly at: Millis;
  /** Twilio's timestamp of the last caller frame before it; undefined if none arrived in the last 300 ms. */
  readonly after: Millis | undefined;
}

/** Twilio sends one frame of this length at this interval. */
const FRAME_MS = 20;
/** After a longer gap without caller frames (a muted phone, suppressed silence) the last frame says nothing about the time. */
const MAX_FRAME_AGE_MS = 300;
/** Length of one window of delays. The shortest delay is taken from the current window and the one before it. */
const WINDOW_MS = 2_000;
/** A larger average delay is a stall of the network, not jitter. */
const MAX_JITTER_MS = 100;

/**
 * Twilio's clock, read from the caller's frames. Each frame carries Twilio's timestamp, one leaves every 20 ms, and a
 * socket keeps the order. So a message that arrives between two frames was sent between them, however long the network
 * delayed it.
 *
 *   Twilio   f₁────m──f₂──────f₃          m left between f₁ and f₂, though it arrives
 *             ╲     ╲  ╲╲      ╲           together with both of them
 *   here      ·╲·····╲f₁·m·f₂···f₃
 *
 * On a steady network the time of arrival is more precise than these 20 ms: the fastest frame shows the shortest delay.
 */
export class RemoteClock {
  /** The last caller frame: Twilio's timestamp, and when it arrived. */
  #timestamp: Millis = 0;
  #frameAt: Millis = Number.NEGATIVE_INFINITY;
  #window = new DelayWindow();
  #windowBefore = new DelayWindow();
  #windowEnds: Millis = Number.NEGATIVE_INFINITY;

  /** A caller frame with this timestamp (Twilio's clock, milliseconds) arrived at `at` (our clock). */
  frame(timestamp: Millis, at: Millis): void {
    if (at >= this.#windowEnds) {
      this.#windowBefore = this.#window;
      this.#window = new DelayWindow();
      this.#windowEnds = at + WINDOW_MS;
    }
    this.#window.add(at - timestamp);
    this.#timestamp = timestamp;
    this.#frameAt = at;
  }

  /** A message other than a caller frame arrived at `at`. */
  observe(at: Millis): Observation {
    return {at, after: at - this.#frameAt <= MAX_FRAME_AGE_MS ? this.#timestamp : undefined};
  }

  /** When it would have arrived with the shortest delay. The difference of two such values is a duration at Twilio. */
  arrival({at, after}: Observation): Millis {
    const least = Math.min(this.#window.shortest, this.#windowBefore.shortest);
    if (after === undefined || !Number.isFinite(least)) return at;
    return Math.min(Math.max(at, after + least), after + FRAME_MS + least);
  }

  /** Jitter: the average delay of recent frames beyond the shortest, in milliseconds, without stalls; 0 before the first. */
  get jitter(): Millis {
    const [now, before] = [this.#window, this.#windowBefore];
    const count = now.count + before.count;
    if (count === 0) return 0;
    return Math.min((now.sum + before.sum) / count - Math.min(now.shortest, before.shortest), MAX_JITTER_MS);
  }

  /** Starts over: each stream has its own clock. */
  reset(): void {
    this.#frameAt = Number.NEGATIVE_INFINITY;
    this.#window = new DelayWindow();
    this.#windowBefore = new DelayWindow();
    this.#windowEnds = Number.NEGATIVE_INFINITY;
  }
}

/** The delays of the frames in one stretch of time. Their zero is arbitrary; only differences mean anything. */
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
