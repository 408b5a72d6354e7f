import type {Millis} from '@voicebridge/shared/time.ts';

/** What is done for a caller who waits for us in silence, in this order. */
export type AnswerStep = 'ask-again' | 'new-session' | 'give-up';

/** When each step is due, as a share of the longest silence that is allowed. */
const LADDER: readonly {readonly step: AnswerStep; readonly share: number}[] = [
  {step: 'ask-again', share: 0.5},
  {step: 'new-session', share: 0.7},
  {step: 'give-up', share: 1},
];

/**
 * A wait that the caller breaks off by speaking is forgotten if it was shorter than this: they paused in a sentence. A
 * longer one counts on, so that a caller who keeps saying "hello?" is not left with a dead model.
 */
const PAUSE_MS = 2_000;

/**
 * The silence that we owe the caller an end of: since when it lasts, and what is done about it next. One deadline,
 * whatever the cause. Pure: it is told the time and remembers no clock.
 *
 *   answered ──silence or a failed answer──> ask-again ──> new-session ──> give-up
 *      ^─────────────────────a complete answer────────────────┘
 */
export class AnswerWatch {
  readonly #withinMs: Millis;
  #since: Millis | undefined;
  /** Silence before the caller last spoke. */
  #carried: Millis = 0;
  #taken = 0;
  #renewed = false;
  /** Nothing is tried before. */
  #heldUntil: Millis = 0;

  /** `withinMs`: the longest silence that is allowed. */
  constructor(withinMs: Millis) {
    this.#withinMs = withinMs;
  }

  /** When the next step is due; undefined while the caller does not wait. */
  get deadline(): Millis | undefined {
    const next = LADDER[this.#taken];
    if (this.#since === undefined || !next) return undefined;
    const from = this.#since - this.#carried;
    return Math.min(Math.max(from + this.#withinMs * next.share, this.#heldUntil), from + this.#withinMs);
  }

  /** Whether the caller waits for an answer. */
  get isWaiting(): boolean {
    return this.#since !== undefined;
  }

  /** Which session the answer is expected from: `spare`: another one should be made ready; `other`: use it. */
  get session(): 'same' | 'spare' | 'other' {
    if (this.#taken === 0) return 'same';
    if (this.#taken === 1) return 'spare';
    return this.#taken === 2 && !this.#renewed ? 'other' : 'same';
  }

  /** The caller waits, since `at` or longer, but not before `notBefore`. Undefined: they do not wait. */
  waits(at: Millis | undefined, notBefore: Millis): void {
    this.#since = at === undefined ? undefined : Math.max(this.#since ?? at, notBefore);
  }

  /** The caller speaks. */
  callerSpoke(at: Millis): void {
    const waited = this.#carried + (this.#since === undefined ? 0 : Math.max(0, at - this.#since));
    this.#carried = waited < PAUSE_MS ? 0 : waited;
    this.#since = undefined;
  }

  /** The model said when it is worth another try. Nothing else is tried before, but the caller waits no longer for it. */
  holdUntil(at: Millis): void {
    this.#heldUntil = at;
  }

  /** The caller hears something. */
  audible(): void {
    this.#carried = 0;
  }

  /** The model has given a whole answer: what went wrong before is forgotten. */
  answered(): void {
    this.#carried = 0;
    this.#taken = 0;
    this.#renewed = false;
  }

  /** Another session is in use. */
  sessionRenewed(): void {
    if (this.#taken >= 2) this.#renewed = true;
  }

  /** Time passed: the step that is due now, once. */
  due(at: Millis): AnswerStep | undefined {
    const {deadline} = this;
    if (deadline === undefined || at < deadline) return undefined;
    // What is held back until after the last moment is not tried any more.
    if (this.#since !== undefined && this.#heldUntil > this.#since - this.#carried + this.#withinMs)
      this.#taken = LADDER.length - 1;
    return this.next();
  }

  /** An answer failed: the next step is taken without waiting for its time. */
  next(): AnswerStep | undefined {
    const step = LADDER[this.#taken]?.step;
    if (step) this.#taken += 1;
    return step;
  }
}
