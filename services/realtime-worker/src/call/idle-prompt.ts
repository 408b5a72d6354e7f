import type {Millis} from '@voicebridge/shared/time.ts';

/** A caller who has left the phone on the table is not asked for ever. */
const ASKED_AT_MOST = 2;

/**
 * When to ask a caller who says nothing whether they are still there, and when to stop asking. Our own clock, and not
 * the server's idle timeout: silence begins when the last word was heard, which only we know.
 */
export class IdlePrompt {
  readonly #afterMs: Millis;
  readonly #hangsUp: boolean;
  #quietSince: Millis | undefined;
  #asked = 0;

  /** `afterMs`: how much silence is too much; 0: none is. `hangsUp`: the call ends when the questions go unanswered. */
  constructor(afterMs: Millis, hangsUp: boolean) {
    this.#afterMs = afterMs;
    this.#hangsUp = hangsUp;
  }

  get deadline(): Millis | undefined {
    if (this.#afterMs === 0 || this.#quietSince === undefined) return undefined;
    if (this.#asked > ASKED_AT_MOST || (this.#asked === ASKED_AT_MOST && !this.#hangsUp)) return undefined;
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

  /** What is due now. */
  due(at: Millis): 'ask' | 'hang-up' | undefined {
    const {deadline} = this;
    if (deadline === undefined || at < deadline) return undefined;
    this.#quietSince = undefined;
    this.#asked += 1;
    return this.#asked > ASKED_AT_MOST ? 'hang-up' : 'ask';
  }
}
