import type {Millis} from '@voicebridge/shared/time.ts';

/** A server that was told that it may interrupt has read it after this long. */
const READ_AFTER_MS = 300;
/** Speech that began while the greeting was protected must last so long: a click at the end of it is a click. */
const CLICK_MS = 300;

/** The first audible part of a greeting, which line noise cannot stop; with it, what the server may do by itself. */
export class GreetingGuard {
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

  /** When a caller who speaks since then has spoken for long enough to stop the greeting; at once if it is none. */
  yieldsAt(since: Millis): Millis {
    const {until} = this;
    return until === undefined ? Number.NEGATIVE_INFINITY : Math.max(until, since + CLICK_MS);
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
