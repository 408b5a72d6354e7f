import type {Millis} from '@voicebridge/shared/time.ts';

/** Carriers send 50 messages a second; after a stall of the network ten seconds of them may arrive at once. */
const MESSAGES_PER_SECOND = 150;
const BURST = 1_500;
/** Before its start a carrier sends one message. A few more, or some pings, do no harm. */
const BEFORE_START = 20;
/**
 * Audio, in characters of its base64: a phone speaks as fast as time passes. One and a half times that is taken for any
 * time, and ten seconds at once, so that more than a model should be billed for never goes through.
 */
const AUDIO_PER_MS = 1.5 * 8 * (4 / 3);
const AUDIO_BURST = 10_000 * 8 * (4 / 3);
/** A few unusable messages do not end a call. */
const MALFORMED_AT_MOST = 20;

/** Counts what one peer sends on its socket, and says when it is too much. */
export class PeerLimits {
  #credit = BURST;
  /** What came before the stream began; undefined: it has begun. */
  #early: number | undefined = 0;
  #audioCredit = AUDIO_BURST;
  #creditAt: Millis;
  #malformed = 0;
  /** Marks that we sent and that have not come back. A clear returns all of them at once. */
  #marksOut = 0;

  constructor(openedAt: Millis) {
    this.#creditAt = openedAt;
  }

  /** A mark was sent; the message that returns it is free. */
  markSent(): void {
    this.#marksOut += 1;
  }

  /** A mark came back. True if we sent one for it, so that the message does not count against the peer. */
  markReturned(): boolean {
    if (this.#marksOut === 0) return false;
    this.#marksOut -= 1;
    return true;
  }

  /** The peer has said which call this is: from now on it may send as much as a phone does. */
  started(): void {
    this.#early = undefined;
  }

  /** Another message came. False: the peer exceeds the rate. */
  paced(at: Millis): boolean {
    if (this.#early !== undefined) return (this.#early += 1) <= BEFORE_START;
    const passed = at - this.#creditAt;
    this.#creditAt = at;
    this.#credit = Math.min(BURST, this.#credit + (passed / 1_000) * MESSAGES_PER_SECOND);
    this.#audioCredit = Math.min(AUDIO_BURST, this.#audioCredit + passed * AUDIO_PER_MS);
    if (this.#credit < 1) return false;
    this.#credit -= 1;
    return true;
  }

  /** The message that was just paced holds so many characters of base64 audio. False: more than a phone can speak. */
  spoken(characters: number): boolean {
    if (this.#audioCredit < characters) return false;
    this.#audioCredit -= characters;
    return true;
  }

  /** A message came that cannot be used. False: it is one too many. */
  tolerated(): boolean {
    this.#malformed += 1;
    return this.#malformed <= MALFORMED_AT_MOST;
  }

  get malformed(): number {
    return this.#malformed;
  }
}
