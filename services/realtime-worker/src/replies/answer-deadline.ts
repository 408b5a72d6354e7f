import type {Millis} from '@voicebridge/shared/time.ts';

/** What is done for a caller who waits in silence, in this order. */
export type AnswerStep = 'ask-again' | 'new-session' | 'give-up';

/** When each step is due, as a share of the longest allowed silence. */
const LADDER: readonly {readonly step: AnswerStep; readonly share: number}[] = [
  {step: 'ask-again', share: 0.5},
  {step: 'new-session', share: 0.7},
  {step: 'give-up', share: 1},
];

/**
 * If the caller speaks again after a shorter wait than this, they only paused in a sentence, and the wait is forgotten.
 * A longer wait is added to the next one: a caller who keeps saying "hello?" still gets to the next step.
 */
const PAUSE_MS = 2_000;

/**
 * How long the caller has waited for an answer in silence, and what is done about it next. One deadline, whatever the
 * cause. Pure: time is passed in.
 *
 *   answered ──silence or a failed answer──> ask-again ──> new-session ──> give-up
 *      ^─────────────────────a complete answer────────────────┘
 */
export class AnswerDeadline {
  readonly #withinMs: Millis;
  #since: Millis | undefined;
  /** Waiting time from before the caller last spoke, in milliseconds. */
  #carried: Millis = 0;
  #taken = 0;
  #renewed = false;
  /** No step is taken before this moment. */
  #heldUntil: Millis = 0;

  /** `withinMs`: the longest allowed silence. */
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

  /** Which session must answer. `spare`: the same one, and a spare is made ready; `other`: the spare. */
  get session(): 'same' | 'spare' | 'other' {
    if (this.#taken === 0) return 'same';
    if (this.#taken === 1) return 'spare';
    return this.#taken === 2 && !this.#renewed ? 'other' : 'same';
  }

  /** The caller waits since `at` or an earlier report, but not since before `notBefore`. Undefined: they do not wait. */
  waits(at: Millis | undefined, notBefore: Millis): void {
    this.#since = at === undefined ? undefined : Math.max(this.#since ?? at, notBefore);
  }

  /** The caller speaks. */
  callerSpoke(at: Millis): void {
    const waited = this.#carried + (this.#since === undefined ? 0 : Math.max(0, at - this.#since));
    this.#carried = waited < PAUSE_MS ? 0 : waited;
    this.#since = undefined;
  }

  /** The model said when to try again. No step is taken before, but the longest allowed silence stays the same. */
  holdUntil(at: Millis): void {
    this.#heldUntil = at;
  }

  /** The caller hears something. */
  audible(): void {
    this.#carried = 0;
  }

  /** The model has given a complete answer: the next failure starts with the first step. */
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
    // The model could be tried only after the longest allowed silence: give up.
    if (this.#since !== undefined && this.#heldUntil > this.#since - this.#carried + this.#withinMs)
      this.#taken = LADDER.length - 1;
    return this.next();
  }

  /** An answer failed: takes the next step without waiting for its time. */
  next(): AnswerStep | undefined {
    const step = LADDER[this.#taken]?.step;
    if (step) this.#taken += 1;
    return step;
  }
}
