import {earliest, type Millis} from '@voicebridge/shared/time.ts';

/** Why a call that nobody ends is ended by us. */
export type LimitReached = 'platform.max-duration' | 'platform.no-speech';

/** How long a call may last, and how long a call may go on in which nobody says anything. */
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

  /** One of the two spoke, or the caller pressed a key; or does so until a moment to come. */
  spoken(at: Millis): void {
    this.#speechAt = Math.max(this.#speechAt, at);
  }

  /** The limit that is reached now. Told once; `lifted` when the call goes on all the same. */
  reached(at: Millis): LimitReached | undefined {
    const {deadline} = this;
    if (deadline === undefined || at < deadline) return undefined;
    this.#reached = true;
    return this.#endsAt !== undefined && at >= this.#endsAt ? 'platform.max-duration' : 'platform.no-speech';
  }

  /** The caller spoke before the call was over: the silence begins anew. */
  lifted(at: Millis): void {
    if (this.#endsAt !== undefined && at >= this.#endsAt) return;
    this.#reached = false;
    this.spoken(at);
  }
}
