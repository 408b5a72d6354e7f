import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from '../events/call-effect.ts';
import type {Request} from './response-sequencer.ts';

/** A limit that ends sooner than this is waited for in silence. */
const LONGEST_SILENCE_MS = 3_500;
/** The longest limit that a caller is asked to wait for. */
const LONGEST_HOLD_MS = 30_000;
/** A limit that says nothing of its end, or that it is over. */
const SOONEST_MS = 300;
/** So many limits in a row are waited for in silence, or one with words, before a limit is a failure like any other. */
const IN_A_ROW = 2;

/**
 * The model is limited and says for how long. It is asked again when that is over and the caller waits for it. Where this
 * takes longer than a caller should wait in silence, Twilio tells them, because the model cannot: their stream is closed
 * for it, and what is wanted of the model meanwhile is asked when they are back.
 *
 *   limited ──short──────────────────────────────────────────────> asked
 *      └──long, and all that was said is heard──> told ──back──────^
 */
export class RateLimit {
  #pending: {readonly until: Millis; readonly step: 'wait' | 'hold'; request: Request; isTold: boolean} | undefined;
  #inARow = 0;
  /** A limit is the last that was heard of the answer. Written here only. */
  isToBlame = false;

  /** When it ends; undefined while nothing waits for that. */
  get until(): Millis | undefined {
    return this.#pending?.until;
  }

  /** The same, once the caller was sent to Twilio to be told. */
  get toldUntil(): Millis | undefined {
    return this.#pending?.isTold ? this.#pending.until : undefined;
  }

  /** The same, if the caller is told or to be told. */
  get heldUntil(): Millis | undefined {
    return this.#pending?.step === 'hold' ? this.#pending.until : undefined;
  }

  /** What is being done about it. */
  get step(): 'wait' | 'hold' | undefined {
    return this.#pending?.step;
  }

  /** A response failed: there may be another after `ms`. Undefined: that is not waited for. */
  hit(ms: Millis | undefined, request: Request, at: Millis): 'wait' | 'hold' | undefined {
    this.isToBlame = true;
    const leftMs = Math.max(SOONEST_MS, ms ?? 0);
    if (this.#inARow >= IN_A_ROW || leftMs > LONGEST_HOLD_MS) return undefined;
    const step = leftMs <= LONGEST_SILENCE_MS ? 'wait' : 'hold';
    this.#inARow += step === 'wait' ? 1 : IN_A_ROW;
    this.#pending = {until: at + leftMs, step, request, isTold: false};
    return step;
  }

  /** Another owner of the call has told the caller to wait until then. */
  adopt(until: Millis, request: Request): void {
    this.#inARow = IN_A_ROW;
    this.#pending = {until, step: 'hold', request, isTold: true};
  }

  /** Something is wanted of the model. True: it is asked later, in place of what was wanted before. */
  keeps(request: Request): boolean {
    if (this.#pending) this.#pending.request = request;
    return this.#pending !== undefined;
  }

  /** The caller can be told now. They are, once, and not of a wait that is nearly over. */
  tell(at: Millis): CallEffect[] {
    const pending = this.#pending;
    if (!pending || pending.isTold || pending.until - at <= LONGEST_SILENCE_MS) return [];
    pending.isTold = true;
    const ms = pending.until - at;
    return [journal({is: 'held', ms}), {do: 'hold', ms}];
  }

  /** The caller waits: what to ask the model for, if it may be asked by now. */
  due(at: Millis): Request | undefined {
    if (!this.#pending || at < this.#pending.until) return undefined;
    const {request} = this.#pending;
    this.#pending = undefined;
    return request;
  }

  /** The caller is being answered after all. */
  over(): void {
    this.#pending = undefined;
    this.isToBlame = false;
  }

  /** The model has given a whole answer: the next limit is the first again. */
  answered(): void {
    this.#inARow = 0;
  }
}
