import type {Millis} from '@voicebridge/shared/time.ts';

/** A server that was told that it may interrupt has read it after this long. */
const READ_AFTER_MS = 300;
/** Speech that began while the greeting was protected must last so long: a click at the end of it is a click. */
const CLICK_MS = 300;

/** The first audible part of a greeting, which line noise cannot stop; with it, what the server may do by itself. */
export class GreetingProtection {
  readonly #lastsMs: Millis;
  #audibleAt: Millis | undefined;
  #liftedAt: Millis | undefined;

  /** `greets`: a greeting is still to come. */
  constructor(lastsMs: Millis, greets: boolean) {
    this.#lastsMs = lastsMs;
    if (!greets || lastsMs === 0) this.#liftedAt = Number.NEGATIVE_INFINITY;
  }

  /** The greeting begins to sound; true the first time. */
  sounds(at: Millis): boolean {
    if (this.#audibleAt !== undefined) return false;
    this.#audibleAt = at;
    return true;
  }

  /** Until when the greeting cannot be stopped; undefined when it can, or nobody hears it yet. */
  get until(): Millis | undefined {
    if (this.#liftedAt !== undefined || this.#audibleAt === undefined) return undefined;
    return this.#audibleAt + this.#lastsMs;
  }

  /** How long a caller who begins to speak now must go on to stop what is said, and when that can be at the earliest. */
  get yieldsTo(): {readonly lastsMs: Millis; readonly notBefore: Millis} {
    const {until} = this;
    return until === undefined
      ? {lastsMs: 0, notBefore: Number.NEGATIVE_INFINITY}
      : {lastsMs: CLICK_MS, notBefore: until};
  }

  /** The greeting may not be stopped now, also because nobody has heard it yet. */
  holds(at: Millis): boolean {
    return this.#liftedAt === undefined && (this.until === undefined || at < this.until);
  }

  /** Whether `lift` was called, or was never needed. */
  get isLifted(): boolean {
    return this.#liftedAt !== undefined;
  }

  lift(at: Millis): void {
    this.#liftedAt = at;
  }

  /** The server knows by now that it is lifted. */
  isKnownLifted(at: Millis): boolean {
    return this.#liftedAt !== undefined && at - this.#liftedAt > READ_AFTER_MS;
  }
}
