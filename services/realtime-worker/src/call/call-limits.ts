import {earliest, type Millis} from '@voicebridge/shared/time.ts';

/** Why the worker ends a call. */
export type LimitReached = 'platform.max-duration' | 'platform.no-speech';

/** The longest call, and the longest silence of both sides. */
export class CallLimits {
  readonly #endsAt: Millis | undefined;
  readonly #noSpeechMs: Millis;
  #speechAt: Millis;
  #reached = false;

  /**
   * Milliseconds; 0: no limit. `startedAt`: when the call began, on the clock of `at`, which may be before this worker
   * had it.
   */
  constructor(limits: {readonly maxCallMs: Millis; readonly noSpeechMs: Millis}, startedAt: Millis, at: Millis) {
    this.#endsAt = limits.maxCallMs === 0 ? undefined : startedAt + limits.maxCallMs;
    this.#noSpeechMs = limits.noSpeechMs;
    this.#speechAt = at;
  }

  get deadline(): Millis | undefined {
    if (this.#reached) return undefined;
    return earliest(this.#endsAt, this.#noSpeechMs === 0 ? undefined : this.#speechAt + this.#noSpeechMs);
  }

  /** One side spoke, or the caller pressed a key. `at` may be ahead: until then the assistant is audible. */
  spoken(at: Millis): void {
    this.#speechAt = Math.max(this.#speechAt, at);
  }

  /** The limit that is reached now. Returned once, until `lifted`. */
  reached(at: Millis): LimitReached | undefined {
    const {deadline} = this;
    if (deadline === undefined || at < deadline) return undefined;
    this.#reached = true;
    return this.#endsAt !== undefined && at >= this.#endsAt ? 'platform.max-duration' : 'platform.no-speech';
  }

  /** The caller spoke before the call was over: the silence starts over. */
  lifted(at: Millis): void {
    if (this.#endsAt !== undefined && at >= this.#endsAt) return;
    this.#reached = false;
    this.spoken(at);
  }
}
