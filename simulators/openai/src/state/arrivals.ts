import type {Millis} from '@voicebridge/shared/time.ts';

/** A time in which nothing of the caller came, between two pieces of audio that did. */
export interface Pause {
  readonly from: Millis;
  readonly until: Millis;
}

/** Audio comes each 20 ms. Twice that and a little is a pause. */
const PAUSE_MS: Millis = 45;

/** When the caller's audio came, apart from what it is. */
export class Arrivals {
  readonly pauses: Pause[] = [];
  firstAt: Millis | undefined;
  lastAt: Millis | undefined;

  note(at: Millis): void {
    this.firstAt ??= at;
    if (this.lastAt !== undefined && at - this.lastAt > PAUSE_MS) this.pauses.push({from: this.lastAt, until: at});
    this.lastAt = at;
  }
}
