import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/** A call that was accepted and whose stream never comes frees everything after this long. */
const FIRST_STREAM_WITHIN_MS = 30_000;
/** A caller to whom Twilio speaks for us is back when it has finished its sentence, so long after the hold at most. */
const BACK_FROM_HOLD_WITHIN_MS = 30_000;

/** How long a call may be without a stream before it is over. */
export class StreamGrace {
  readonly #graceMs: Millis;
  #by: Millis | undefined;
  #reason: EndReason;

  /** `isRestored`: another owner had the call; `heldUntil`: and had asked the caller to wait. */
  constructor(
    graceMs: Millis,
    {isRestored, heldUntil}: {isRestored: boolean; heldUntil: Millis | undefined},
    at: Millis,
  ) {
    this.#graceMs = graceMs;
    this.#by = at + FIRST_STREAM_WITHIN_MS;
    this.#reason = isRestored ? 'platform.stream-lost' : 'platform.stream-never-came';
    if (isRestored) this.lost(heldUntil, at);
  }

  /** When the call is over; undefined while it has a stream. */
  get deadline(): Millis | undefined {
    return this.#by;
  }

  began(): void {
    this.#by = undefined;
    this.#reason = 'platform.stream-lost';
  }

  /** `heldUntil`: we closed the stream ourselves, for Twilio to speak to the caller. */
  lost(heldUntil: Millis | undefined, at: Millis): void {
    const soonest = at + this.#graceMs;
    this.#by = heldUntil === undefined ? soonest : Math.max(soonest, heldUntil + BACK_FROM_HOLD_WITHIN_MS);
  }

  /** Why the call is over by now, if it is. */
  over(at: Millis): EndReason | undefined {
    return this.#by !== undefined && at >= this.#by ? this.#reason : undefined;
  }
}
