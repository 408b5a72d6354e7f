import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallDeps, OwnedCall} from './call-deps.ts';
import type {CallJournal} from '../journal/call-journal.ts';

/** The pause before a call that no other worker took is offered again. */
const AGAIN_AFTER: Millis = 5_000;
/** A call that was moved here is not moved on at its end for so long: two workers must not pass it to and fro. */
const SETTLED_AFTER: Millis = 30_000;

export interface RescueDeps {
  readonly call: OwnedCall;
  readonly deps: Pick<CallDeps, 'clock' | 'isBetterElsewhere' | 'handOver' | 'tap'>;
  readonly log: Log;
  readonly journal: CallJournal;
  /** Why this worker was asked to take the call. */
  readonly cause: string;
  readonly isOver: () => boolean;
  readonly release: (why: string) => void;
}

/**
 * Moves a call that has no model session here to a worker that has one. Only another's ready session makes it move, so
 * nothing is lost if the model is down for everybody: the call then goes on here as if nobody had been asked.
 */
export class Rescue {
  readonly #with: RescueDeps;
  readonly #takenAt: Millis;
  #offering: Promise<boolean> | undefined;
  #notBefore: Millis = Number.NEGATIVE_INFINITY;

  constructor(deps: RescueDeps) {
    this.#with = deps;
    this.#takenAt = deps.deps.clock.now();
  }

  /** To be called now and then. `waitingSince`: since when the call has had no session; undefined: it has one. */
  review(waitingSince: Millis | undefined): void {
    const {deps, log} = this.#with;
    const now = deps.clock.now();
    if (waitingSince === undefined || now < this.#notBefore || this.#offering) return;
    if (!deps.isBetterElsewhere(now - waitingSince)) return;
    background(this.#offer(), log, 'moving a call to a worker that can use the model');
  }

  /** The model refuses this worker for good, and the call would end. Resolves with whether it goes on elsewhere. */
  async atLast(): Promise<boolean> {
    const {deps, cause} = this.#with;
    const wasMoved = cause === 'worker-drained' && deps.clock.now() - this.#takenAt < SETTLED_AFTER;
    if (wasMoved || !deps.isBetterElsewhere(Number.POSITIVE_INFINITY)) return false;
    return await this.#offer();
  }

  #offer(): Promise<boolean> {
    if (!this.#offering) this.#with.deps.tap?.told({kind: 'betterElsewhere'});
    return (this.#offering ??= this.#ask().finally(() => (this.#offering = undefined)));
  }

  async #ask(): Promise<boolean> {
    const {call, deps, log, journal, isOver, release} = this.#with;
    await journal.written();
    if (isOver()) return true;
    const moved = await deps.handOver(call, {onlyWell: true}).catch((thrown: unknown) => {
      log.warn({err: thrown}, 'cannot move the call');
      return false;
    });
    this.#notBefore = deps.clock.now() + AGAIN_AFTER;
    if (moved) release('another worker can use the model');
    return moved;
  }
}
