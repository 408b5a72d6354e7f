import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import {within} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Pause, ProcessPauses} from '../health/process-pauses.ts';

/** The answer is waited for as long as the pause was, within these bounds: a Redis that is away ends no call. */
const WAIT_AT_LEAST: Millis = 500;
const WAIT_AT_MOST: Millis = 5_000;

export interface AfterPauseDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly pauses: Pick<ProcessPauses, 'last'>;
  /** Resolves when it is known whose the call is; if it is another worker's, the call is let go before. */
  readonly ownerKnown: () => Promise<void>;
  /** Called before anything that waited happens. */
  readonly woke: (pause: Pause) => void;
}

/**
 * A worker that did not run for a while may have lost its calls to others. When it wakes, its timers are due and its sockets
 * are full: it would ask the model, run tools and write to the edge for calls that are not its own. So whatever happens in a
 * call after a pause waits until it is known whose the call is. That takes one question to Redis.
 */
export class AfterPause {
  readonly #deps: AfterPauseDeps;
  #known: Pause | undefined;
  #held: {readonly came: (() => void)[]; readonly due: (() => void)[]} | undefined;

  constructor(deps: AfterPauseDeps) {
    this.#deps = deps;
    this.#known = deps.pauses.last;
  }

  /** Whether what happens now must wait. To be asked before anything else: it begins to ask if the process has just woken. */
  holds(): boolean {
    if (this.#held) return true;
    const {last} = this.#deps.pauses;
    if (last === this.#known || last === undefined) return false;
    this.#known = last;
    this.#held = {came: [], due: []};
    background(this.#ask(last), this.#deps.log, 'asking whose the call is');
    return true;
  }

  /** Up to when this worker knows what happened in the call: now, or when the pause began whose end waits for an answer. */
  ranUntil(): Millis {
    return this.holds() && this.#known ? this.#known.until - this.#known.ms : this.#deps.clock.now();
  }

  /**
   * True: not now; `happens` is called when it is known whose the call is. What came happens in its order. What `isDue` by
   * the clock happens after that: something that had not been read may have done it already.
   */
  took(happens: () => void, {isDue = false} = {}): boolean {
    if (!this.holds()) return false;
    (isDue ? this.#held?.due : this.#held?.came)?.push(happens);
    return true;
  }

  /** It happens now if nothing holds it. */
  run(happens: () => void, when?: {readonly isDue: boolean}): void {
    if (!this.took(happens, when)) happens();
  }

  async #ask(pause: Pause): Promise<void> {
    const {clock, ownerKnown} = this.#deps;
    await within(clock, Math.min(Math.max(pause.ms, WAIT_AT_LEAST), WAIT_AT_MOST), ownerKnown()).catch(() => {});
    const {came, due} = this.#held ?? {came: [], due: []};
    this.#held = undefined;
    this.#let(() => this.#deps.woke(pause));
    for (const happens of [...came, ...due]) this.#let(happens);
  }

  /** What cannot be done harms nothing that waited behind it. */
  #let(happens: () => void): void {
    try {
      happens();
    } catch (thrown) {
      this.#deps.log.error({err: thrown}, 'bug: what waited until the owner of this call was known could not be done');
    }
  }
}
