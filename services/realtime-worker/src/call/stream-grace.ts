import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/** A call that was accepted and whose stream never comes frees everything after this long. */
const FIRST_STREAM_WITHIN_MS = 30_000;
/** A caller to whom Twilio speaks for us is back when it has finished its sentence, so long after the hold at most. */
const BACK_FROM_HOLD_WITHIN_MS = 30_000;

/** The caller's stream, as far as the call must end without one. `endsAt`: when it does. */
type Stream =
  | {readonly state: 'awaited'; readonly endsAt: Millis}
  | {readonly state: 'open'}
  | {readonly state: 'lost'; readonly endsAt: Millis};

/** How long a call may be without a stream before it is over. */
export class StreamGrace {
  readonly #graceMs: Millis;
  #stream: Stream;

  /**
   * `isRestored`: another owner had the call; `heldUntil`: and had asked the caller to wait; `awayUntil`: and had sent
   * them away.
   */
  constructor(
    graceMs: Millis,
    {
      isRestored,
      heldUntil,
      awayUntil,
    }: {isRestored: boolean; heldUntil: Millis | undefined; awayUntil: Millis | undefined},
    at: Millis,
  ) {
    this.#graceMs = graceMs;
    this.#stream = isRestored
      ? {state: 'lost', endsAt: awayUntil ?? this.#endsAt(heldUntil, at)}
      : {state: 'awaited', endsAt: at + FIRST_STREAM_WITHIN_MS};
  }

  /** When the call is over; undefined while it has a stream. */
  get deadline(): Millis | undefined {
    return this.#stream.state === 'open' ? undefined : this.#stream.endsAt;
  }

  began(): void {
    this.#stream = {state: 'open'};
  }

  /** `heldUntil`: we closed the stream ourselves, for Twilio to speak to the caller. */
  lost(heldUntil: Millis | undefined, at: Millis): void {
    const state = this.#stream.state === 'awaited' ? 'awaited' : 'lost';
    this.#stream = {state, endsAt: this.#endsAt(heldUntil, at)};
  }

  /** We closed the stream ourselves, and the caller may be away until then. */
  away(until: Millis): void {
    this.#stream = {state: 'lost', endsAt: until};
  }

  /** Why the call is over by now, if it is. */
  over(at: Millis): EndReason | undefined {
    if (this.#stream.state === 'open' || at < this.#stream.endsAt) return undefined;
    return this.#stream.state === 'awaited' ? 'platform.stream-never-came' : 'platform.stream-lost';
  }

  #endsAt(heldUntil: Millis | undefined, at: Millis): Millis {
    const soonest = at + this.#graceMs;
    return heldUntil === undefined ? soonest : Math.max(soonest, heldUntil + BACK_FROM_HOLD_WITHIN_MS);
  }
}
