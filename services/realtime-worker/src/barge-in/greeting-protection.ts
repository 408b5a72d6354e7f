import type {Millis} from '@voicebridge/shared/time.ts';

/** Time allowed for `session.update` to take effect at the server. */
const READ_AFTER_MS = 300;
/** Speech that began while the greeting was protected must last so long: a click at the end is no interruption. */
const CLICK_MS = 300;

/** The first audible part of a greeting, which line noise cannot stop; with it, what the server may do by itself. */
export class GreetingProtection {
  #lastsMs: Millis;
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

  /** Until when the greeting cannot be stopped; undefined when it can, or is not audible yet. */
  get until(): Millis | undefined {
    if (this.#liftedAt !== undefined || this.#audibleAt === undefined) return undefined;
    return this.#audibleAt + this.#lastsMs;
  }

  /** How long speech that begins now must last to stop the greeting, and when that can be at the earliest. */
  get yieldsTo(): {readonly lastsMs: Millis; readonly notBefore: Millis} {
    const {until} = this;
    return until === undefined
      ? {lastsMs: 0, notBefore: Number.NEGATIVE_INFINITY}
      : {lastsMs: CLICK_MS, notBefore: until};
  }

  /** What had to be heard was heard: the protection ends now. */
  heard(at: Millis): void {
    if (this.#audibleAt !== undefined) this.#lastsMs = Math.max(0, at - this.#audibleAt);
  }

  /** Whether the greeting may not be stopped now. True also before it is audible. */
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

  /** Whether the server has had time to learn that it is lifted. */
  isKnownLifted(at: Millis): boolean {
    return this.#liftedAt !== undefined && at - this.#liftedAt > READ_AFTER_MS;
  }
}
