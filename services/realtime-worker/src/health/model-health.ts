import type {ModelTrouble} from '@voicebridge/shared/observability/metric-labels.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {LostCause} from '../model/model-adapter.ts';

/** So many sessions in a row that cannot be opened are no accident. */
const STREAK = 2;
/** The pause before each try of a worker that cannot use the model, to see whether it can again. The last repeats. */
const TRY_AFTER: readonly Millis[] = [0, 1_000, 2_000, 5_000];
/** A session also opens for an account without quota, and then fails: for so long an opened one proves nothing. */
const QUOTA_DOUBTED_FOR: Millis = 10_000;

/** What is seen of the sessions of this worker. */
export type ModelSign =
  /** A session was configured. */
  | {readonly type: 'opened'}
  /** A session gave a whole answer. */
  | {readonly type: 'answered'}
  /** A session was not configured in reasonable time. */
  | {readonly type: 'late'}
  /** A session could not be opened; or any session, if the cause is that another one would fail as well. */
  | {readonly type: 'failed'; readonly cause: LostCause};

type State =
  /** `untried`: no session was opened yet. */
  | {readonly is: 'untried' | 'well'}
  /** `failures` in a row, fewer than `STREAK`. */
  | {readonly is: 'doubtful'; readonly failures: number; readonly tryAt: Millis | undefined}
  | {
      readonly is: 'sick';
      readonly trouble: ModelTrouble;
      readonly tries: number;
      /** When to try again; undefined while a try runs. */
      readonly tryAt: Millis | undefined;
      /** Until then an opened session does not prove that the model can be used. */
      readonly doubtedUntil: Millis;
    };

/**
 * Whether this worker can use the model, by what became of its sessions. One failure is a doubt, and is looked into at
 * once by a session of nobody's; two in a row are a sickness. A sick worker tries again, ever more slowly, and one session
 * that opens makes it well. Pure: `deadline` and `due` say when a try is to be made, and its outcome is a sign like any.
 */
export class ModelHealth {
  #state: State = {is: 'untried'};
  #hasWorked = false;

  /** Why the model cannot be used; undefined while it can, or nobody knows. */
  get trouble(): ModelTrouble | undefined {
    return this.#state.is === 'sick' ? this.#state.trouble : undefined;
  }

  /** Whether a session was ever configured. */
  get hasWorked(): boolean {
    return this.#hasWorked;
  }

  /** When the next try is due; undefined: none, or one is running. */
  get deadline(): Millis | undefined {
    return 'tryAt' in this.#state ? this.#state.tryAt : undefined;
  }

  /** Time passed. True: a session is to be opened as a try, and its signs to be told. */
  due(at: Millis): boolean {
    const state = this.#state;
    if (!('tryAt' in state) || state.tryAt === undefined || at < state.tryAt) return false;
    this.#state = {...state, tryAt: undefined};
    return true;
  }

  on(sign: ModelSign, at: Millis): void {
    switch (sign.type) {
      case 'answered':
        this.#well();
        return;
      case 'opened':
        if (this.#state.is === 'sick' && at < this.#state.doubtedUntil) this.#tryLater(this.#state.doubtedUntil);
        else this.#well();
        return;
      case 'late':
        return this.#failed('slow', at);
      case 'failed':
        return this.#failed(troubleOf(sign.cause), at);
      default:
        sign satisfies never;
    }
  }

  #well(): void {
    this.#hasWorked = true;
    this.#state = {is: 'well'};
  }

  #tryLater(tryAt: Millis): void {
    if (this.#state.is === 'sick') this.#state = {...this.#state, tryAt};
  }

  #failed(trouble: ModelTrouble, at: Millis): void {
    const state = this.#state;
    const failures = state.is === 'doubtful' ? state.failures + 1 : 1;
    // An account without quota says so itself, and no session that opens contradicts it.
    if (state.is !== 'sick' && failures < STREAK && trouble !== 'quota') {
      this.#state = {is: 'doubtful', failures, tryAt: at + pauseBefore(0)};
      return;
    }
    const tries = state.is === 'sick' ? state.tries : 1;
    // A failure of a caller's session while a try is planned does not put the try off for ever.
    const isPlanned = state.is === 'sick' && state.tryAt !== undefined;
    this.#state = {
      is: 'sick',
      trouble,
      tries: isPlanned ? tries : tries + 1,
      tryAt: isPlanned ? state.tryAt : at + pauseBefore(tries),
      doubtedUntil: trouble === 'quota' ? at + QUOTA_DOUBTED_FOR : state.is === 'sick' ? state.doubtedUntil : at,
    };
  }
}

function pauseBefore(tries: number): Millis {
  return TRY_AFTER[Math.min(tries, TRY_AFTER.length - 1)] ?? 0;
}

/** A server that closes a session before it is configured, or lets it expire, counts as unavailable. */
function troubleOf(cause: LostCause): ModelTrouble {
  return cause === 'closed' || cause === 'expired' ? 'unreachable' : cause;
}
