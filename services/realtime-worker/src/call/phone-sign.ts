import type {Millis} from '@voicebridge/shared/time.ts';

/** Frames come every 20 ms. */
const FRAMES_STOPPED_MS = 60;

/** When anything last came from the caller's phone. */
export class PhoneSign {
  #at: Millis | undefined;

  /** A frame or a mark came. */
  seen(at: Millis): void {
    this.#at = at;
  }

  /** The last sign so far. A lost stream is reported later than that. */
  last(at: Millis): Millis {
    return Math.min(at, this.#at ?? at);
  }

  /**
   * Until when the caller heard the assistant. A hang-up that is reported over HTTP may be `ahead` of frames that are
   * still on their way: while frames keep arriving, the phone is taken to be there until now.
   */
  heardFrom(ahead: boolean, at: Millis): {readonly heardFrom: Millis; readonly ahead: boolean} {
    const isThere = at - this.last(at) <= FRAMES_STOPPED_MS;
    return {heardFrom: isThere ? at : this.last(at), ahead: isThere && ahead};
  }
}
