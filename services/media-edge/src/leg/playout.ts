import {msOfBase64} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/**
 * What of the assistant's audio still waits at Twilio. It decides nothing on the way (audio goes out as it comes, and
 * Twilio paces); it knows when a call may be moved without cutting anybody off.
 *
 *   sent ──── marks that came back ────┤ audible or about to be ├──── quiet
 */
export class Playout {
  /** Names of marks that did not come back yet, oldest first. */
  #pending: string[] = [];
  /** Until when the audio that went out sounds if Twilio plays without a break. */
  #soundsUntil: Millis = 0;

  /** Audio went out; `mark` is the mark behind it, or empty. */
  sent(payload: string, mark: string, at: Millis): void {
    this.#soundsUntil = Math.max(this.#soundsUntil, at) + msOfBase64(payload);
    if (mark !== '') this.#pending.push(mark);
    if (this.#pending.length > PENDING_AT_MOST) this.#pending.shift();
  }

  /** A mark came back: whatever was sent before it was played or dropped. They come back in the order they were sent. */
  returned(name: string): void {
    const place = this.#pending.indexOf(name);
    if (place >= 0) this.#pending.splice(0, place + 1);
  }

  /** Twilio was told to drop everything; the pending marks come back at once. */
  cleared(at: Millis): void {
    this.#soundsUntil = at;
  }

  /** Nothing of the assistant is audible, and nothing waits to be. */
  quiet(at: Millis): boolean {
    if (at >= this.#soundsUntil + LATE_MARK_MS) return true; // a peer that returns no marks must not hold a call for ever
    return this.#pending.length === 0 && at >= this.#soundsUntil;
  }
}

/** A peer that returns no marks must not fill our memory either. */
const PENDING_AT_MOST = 1_000;
/** A mark that is later than this after its audio must have ended does not come any more. */
const LATE_MARK_MS = 2_000;
