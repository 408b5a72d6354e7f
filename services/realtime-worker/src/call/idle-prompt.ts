import type {Millis} from '@voicebridge/shared/time.ts';

/** So often a silent caller is asked. They may have left the phone on the table. */
const ASKED_AT_MOST = 2;

/**
 * When to ask a silent caller whether they are still there, and when to stop asking. The server's idle timeout is not used:
 * silence begins when the caller has heard the last word, and only the worker knows when that is.
 */
export class IdlePrompt {
  readonly #afterMs: Millis;
  readonly #hangsUp: boolean;
  #quietSince: Millis | undefined;
  #asked = 0;

  /** `afterMs`: ask after so much silence; 0: never. `hangsUp`: the call ends when the questions go unanswered. */
  constructor(afterMs: Millis, hangsUp: boolean) {
    this.#afterMs = afterMs;
    this.#hangsUp = hangsUp;
  }

  get deadline(): Millis | undefined {
    if (this.#afterMs === 0 || this.#quietSince === undefined) return undefined;
    if (this.#asked > ASKED_AT_MOST || (this.#asked === ASKED_AT_MOST && !this.#hangsUp)) return undefined;
    return this.#quietSince + this.#afterMs;
  }

  /** Whether both sides are silent now, and neither is about to speak. */
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
