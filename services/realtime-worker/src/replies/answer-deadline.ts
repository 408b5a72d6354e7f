import type {Millis} from '@voicebridge/shared/time.ts';

/** What is done for a caller who waits in silence, in this order. */
export type AnswerStep = 'ask-again' | 'new-session' | 'give-up';

/** When each step is due, as a share of the longest allowed silence. */
const LADDER = [
  {step: 'ask-again', share: 0.5},
  {step: 'new-session', share: 0.7},
  {step: 'give-up', share: 1},
] as const satisfies readonly {readonly step: AnswerStep; readonly share: number}[];

/**
 * If the caller speaks again after a shorter wait than this, they only paused in a sentence, and the wait is forgotten.
 * A longer wait is added to the next one: a caller who keeps saying "hello?" still gets to the next step.
 */
const PAUSE_MS = 2_000;
/** A working model makes its first sound within this time of being asked. */
export const FIRST_SOUND_WITHIN_MS = 1_500;
/** The session of a new owner of the call is configured within this time. */
const OPENS_WITHIN_MS = 3_000;

/** `at`: when this owner knew of it. */
interface InheritedWait {
  readonly since: Millis;
  readonly at: Millis;
  /** It is long enough that the session of this owner is the other one that is asked: the step that is left is the last. */
  readonly isLong: boolean;
  /** It is not known yet whether the caller still waits. */
  readonly isUncertain: boolean;
}

/**
 * How long the caller has waited for an answer in silence, and what is done about it next. One deadline, whatever the
 * cause, and however many owners the call had meanwhile. Pure: time is passed in.
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
  /** When a session of this owner was last configured. */
  #openedAt: Millis | undefined;
  /** The wait that an owner before has left. */
  #inherited: InheritedWait | undefined;

  /** `withinMs`: the longest allowed silence. */
  constructor(withinMs: Millis) {
    this.#withinMs = withinMs;
  }

  /** When the next step is due; undefined while the caller does not wait. */
  get deadline(): Millis | undefined {
    const next = LADDER[this.#place];
    if (this.#since === undefined || !next) return undefined;
    const from = this.#since - this.#carried;
    const due = Math.min(Math.max(from + this.#withinMs * next.share, this.#heldUntil), from + this.#withinMs);
    return Math.max(due, this.#chanceUntil);
  }

  /** The place of the step that is next if nothing fails. */
  get #place(): number {
    return this.#inherited?.isLong ? Math.max(this.#taken, LADDER.length - 1) : this.#taken;
  }

  /** Until when the session of this owner has its chance, however long the caller has waited under owners before. */
  get #chanceUntil(): Millis {
    if (!this.#inherited) return Number.NEGATIVE_INFINITY;
    return this.#openedAt === undefined ? this.#inherited.at + OPENS_WITHIN_MS : this.#openedAt + FIRST_SOUND_WITHIN_MS;
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
    const inherited = this.#inherited;
    if (inherited?.isUncertain) {
      this.#inherited = at === undefined ? undefined : {...inherited, isUncertain: false};
      this.#since = inherited.since;
    }
    this.#since = at === undefined ? undefined : Math.max(this.#since ?? at, notBefore);
  }

  /** The call had another owner until `lostAt`. If the caller waits, then since `since`. */
  takenOver(since: Millis, lostAt: Millis, at: Millis): void {
    // That owner would have given up: the caller does not wait for an answer to what they said last.
    if (lostAt - since >= this.#withinMs) return;
    const isLong = at - since >= this.#withinMs * LADDER[0].share;
    this.#inherited = {since, at, isLong, isUncertain: true};
  }

  /** The caller speaks. */
  callerSpoke(at: Millis): void {
    const waited = this.#carried + (this.#since === undefined ? 0 : Math.max(0, at - this.#since));
    this.#carried = waited < PAUSE_MS ? 0 : waited;
    this.#since = undefined;
    this.#inherited = undefined;
  }

  /** The model said when to try again. No step is taken before, but the longest allowed silence stays the same. */
  holdUntil(at: Millis): void {
    this.#heldUntil = at;
  }

  /** The caller hears something. */
  audible(): void {
    this.#carried = 0;
    this.#inherited = undefined;
  }

  /** The model has given a complete answer: the next failure starts with the first step. */
  answered(): void {
    this.audible();
    this.#taken = 0;
    this.#renewed = false;
  }

  /** A session is configured, and in use from now on. */
  sessionOpened(at: Millis): void {
    this.#openedAt = at;
    if (this.#taken >= 2) this.#renewed = true;
  }

  /** Time passed: the step that is due now, once. */
  due(at: Millis): AnswerStep | undefined {
    const {deadline} = this;
    if (deadline === undefined || at < deadline) return undefined;
    this.#taken = this.#place;
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
