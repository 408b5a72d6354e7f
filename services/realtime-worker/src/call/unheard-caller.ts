import type {Millis} from '@voicebridge/shared/time.ts';

/**
 * A caller may have spoken while nobody could hear them: between two streams, or while no worker had the call. They wait
 * for an answer to words of which we know nothing. So if both sides are silent afterwards for as long as a caller may wait
 * for an answer, the assistant asks them to say it again, once. Whoever was heard since then needs no question.
 */
export class UnheardCaller {
  readonly #afterMs: Millis;
  #mayWait = false;
  #quietSince: Millis | undefined;

  /** `afterMs`: the longest silence in which a caller waits for an answer. */
  constructor(afterMs: Millis) {
    this.#afterMs = afterMs;
  }

  get deadline(): Millis | undefined {
    return this.#mayWait && this.#quietSince !== undefined ? this.#quietSince + this.#afterMs : undefined;
  }

  /** For a while nobody could hear the caller. */
  wasCutOff(): void {
    this.#mayWait = true;
    this.#quietSince = undefined;
  }

  /** The caller speaks or presses a key. */
  callerActed(): void {
    this.#mayWait = false;
  }

  /** Whether both sides are silent now, and neither is about to speak. */
  isQuiet(quiet: boolean, at: Millis): void {
    this.#quietSince = quiet ? (this.#quietSince ?? at) : undefined;
  }

  /** Whether to ask the caller now. */
  due(at: Millis): boolean {
    const {deadline} = this;
    if (deadline === undefined || at < deadline) return false;
    this.#mayWait = false;
    return true;
  }
}
