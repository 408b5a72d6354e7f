import type {Millis} from '@voicebridge/shared/time.ts';

/**
 * How much of the assistant's audio the carrier has not played yet. Audio is sent as it comes, and the carrier paces it;
 * this only says when a call can be moved without cutting the assistant off.
 *
 *   sent ──── marks that came back ────┤ audible or about to be ├──── quiet
 */
export class Playout {
  /** Names of marks that have not come back, oldest first. */
  #pending: string[] = [];
  /** When the audio that was sent has been played, if the carrier plays without a break. */
  #soundsUntil: Millis = 0;

  /** Audio of this length was sent. `mark` is the mark behind it, or empty. */
  sent(ms: Millis, mark: string, at: Millis): void {
    this.#soundsUntil = Math.max(this.#soundsUntil, at) + ms;
    if (mark !== '') this.#pending.push(mark);
    if (this.#pending.length > PENDING_AT_MOST) this.#pending.shift();
  }

  /** A mark came back: all audio sent before it was played or dropped. Marks come back in the order they were sent. */
  returned(name: string): void {
    const place = this.#pending.indexOf(name);
    if (place >= 0) this.#pending.splice(0, place + 1);
  }

  /** A clear was sent: the carrier drops all audio and returns the pending marks. */
  cleared(at: Millis): void {
    this.#soundsUntil = at;
  }

  /** Nothing of the assistant is audible or waits to be played. */
  quiet(at: Millis): boolean {
    if (at >= this.#soundsUntil + LATE_MARK_MS) return true; // a peer that returns no marks must not keep a call from being moved
    return this.#pending.length === 0 && at >= this.#soundsUntil;
  }
}

/** The limit for a peer that returns no marks. */
const PENDING_AT_MOST = 1_000;
/** A mark that is this late after the end of its audio is not waited for. */
const LATE_MARK_MS = 2_000;
