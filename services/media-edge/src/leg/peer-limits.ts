import type {Millis} from '@voicebridge/shared/time.ts';

/** Twilio sends 50 messages a second; after a stall of the network ten seconds of them may arrive at once. */
const MESSAGES_PER_SECOND = 150;
const BURST = 1_500;
/** A few odd messages are not worth a caller's call. */
const MALFORMED_AT_MOST = 20;

/** How one peer behaves on its socket, and when that is enough. */
export class PeerLimits {
  #credit = BURST;
  #creditAt: Millis;
  #malformed = 0;
  /** Marks that we sent and that are still out: a clear brings all of them back in one instant. */
  #marksOut = 0;

  constructor(openedAt: Millis) {
    this.#creditAt = openedAt;
  }

  /** A mark went out: the message that brings it back is ours. */
  markSent(): void {
    this.#marksOut += 1;
  }

  /** A mark came back. True: we sent one for it, so it is nothing that the phone says of itself. */
  markReturned(): boolean {
    if (this.#marksOut === 0) return false;
    this.#marksOut -= 1;
    return true;
  }

  /** The phone said something of itself. False: it is one of far too many. */
  paced(at: Millis): boolean {
    this.#credit = Math.min(BURST, this.#credit + ((at - this.#creditAt) / 1_000) * MESSAGES_PER_SECOND);
    this.#creditAt = at;
    if (this.#credit < 1) return false;
    this.#credit -= 1;
    return true;
  }

  /** A message came that nobody can use. False: it is one too many. */
  tolerated(): boolean {
    this.#malformed += 1;
    return this.#malformed <= MALFORMED_AT_MOST;
  }

  get malformed(): number {
    return this.#malformed;
  }
}
