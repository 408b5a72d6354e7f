import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from '../events/call-effect.ts';
import type {Request} from './response-sequencer.ts';

/** The caller waits in silence for a limit that ends within this time. */
const LONGEST_SILENCE_MS = 3_500;
/** The longest limit that a caller is asked to wait for. */
const LONGEST_HOLD_MS = 30_000;
/** The pause before the next request if the server does not say when the limit ends. */
const SOONEST_MS = 300;
/** After two silent waits in a row, or one announced wait, a further limit counts as a failed answer. */
const IN_A_ROW = 2;

/**
 * The model's server refuses requests for a while (rate limit) and says for how long. The request is made again when
 * the limit is over and the caller still waits. If that is too long for silence, the caller's stream is closed so that
 * Twilio can ask them to wait; requests of that time are made when the caller has another stream.
 *
 *   limited ──short──────────────────────────────────────────────> asked
 *      └──long, and all that was said is heard──> told ──back──────^
 */
export class RateLimit {
  #pending: {readonly until: Millis; readonly step: 'wait' | 'hold'; request: Request; isTold: boolean} | undefined;
  #inARow = 0;
  /** Whether the answer that the caller waits for was refused because of a limit. Written here only. */
  isToBlame = false;

  /** When the limit ends; undefined while no request waits for that. */
  get until(): Millis | undefined {
    return this.#pending?.until;
  }

  /** `until`, if Twilio was told to ask the caller to wait. */
  get toldUntil(): Millis | undefined {
    return this.#pending?.isTold ? this.#pending.until : undefined;
  }

  /** `until`, if the caller was asked to wait or will be. */
  get heldUntil(): Millis | undefined {
    return this.#pending?.step === 'hold' ? this.#pending.until : undefined;
  }

  /** What is being done about it. */
  get step(): 'wait' | 'hold' | undefined {
    return this.#pending?.step;
  }

  /** A response failed because of a limit that ends in `ms`. Returns how to wait for that; undefined: do not wait. */
  hit(ms: Millis | undefined, request: Request, at: Millis): 'wait' | 'hold' | undefined {
    this.isToBlame = true;
    const leftMs = Math.max(SOONEST_MS, ms ?? 0);
    if (this.#inARow >= IN_A_ROW || leftMs > LONGEST_HOLD_MS) return undefined;
    const step = leftMs <= LONGEST_SILENCE_MS ? 'wait' : 'hold';
    this.#inARow += step === 'wait' ? 1 : IN_A_ROW;
    this.#pending = {until: at + leftMs, step, request, isTold: false};
    return step;
  }

  /** An earlier owner of the call asked the caller to wait until then. */
  adopt(until: Millis, request: Request): void {
    this.#inARow = IN_A_ROW;
    this.#pending = {until, step: 'hold', request, isTold: true};
  }

  /** Keeps a request until the limit ends, in place of the one before. False if there is no limit. */
  keeps(request: Request): boolean {
    if (this.#pending) this.#pending.request = request;
    return this.#pending !== undefined;
  }

  /**
   * All that was said is heard, so Twilio can speak. It asks the caller to wait: once, and only if the wait is long.
   */
  tell(at: Millis): CallEffect[] {
    const pending = this.#pending;
    if (!pending || pending.isTold || pending.until - at <= LONGEST_SILENCE_MS) return [];
    pending.isTold = true;
    const ms = pending.until - at;
    return [journal({is: 'held', ms}), {do: 'hold', ms}];
  }

  /** The request to make now, if the limit is over. Call it while the caller waits. */
  due(at: Millis): Request | undefined {
    if (!this.#pending || at < this.#pending.until) return undefined;
    const {request} = this.#pending;
    this.#pending = undefined;
    return request;
  }

  /** The caller gets an answer: there is no limit any more. */
  over(): void {
    this.#pending = undefined;
    this.isToBlame = false;
  }

  /** The model has given a complete answer: the next limit is the first in a row. */
  answered(): void {
    this.#inARow = 0;
  }
}
