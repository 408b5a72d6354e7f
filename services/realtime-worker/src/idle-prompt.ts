import type {Millis} from '@voicebridge/shared/time.ts';

/** A caller who has left the phone on the table is not asked for ever. */
const ASKED_AT_MOST = 2;

/**
 * When to ask a caller who says nothing whether they are still there. Our own clock, and not the server's idle timeout:
 * silence begins when the last word was heard, which only we know.
 */
export class IdlePrompt {
  readonly #afterMs: Millis;
  #quietSince: Millis | undefined;
  #asked = 0;

  /** `afterMs`: how much silence is too much; 0: none is. */
  constructor(afterMs: Millis) {
    this.#afterMs = afterMs;
  }

  get deadline(): Millis | undefined {
    if (this.#afterMs === 0 || this.#quietSince === undefined || this.#asked >= ASKED_AT_MOST) return undefined;
    return this.#quietSince + this.#afterMs;
  }

  /** Whether nobody says anything, or is about to, at this moment. */
  isQuiet(quiet: boolean, at: Millis): void {
    this.#quietSince = quiet ? (this.#quietSince ?? at) : undefined;
  }

  /** The caller is there. */
  callerActed(): void {
    this.#quietSince = undefined;
    this.#asked = 0;
  }

  /** Whether to ask now. */
  due(at: Millis): boolean {
    const {deadline} = this;
    if (deadline === undefined || at < deadline) return false;
    this.#quietSince = undefined;
    this.#asked += 1;
    return true;
  }
}
