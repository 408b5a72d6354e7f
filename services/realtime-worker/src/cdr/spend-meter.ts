import type {Tokens} from '@voicebridge/shared/cdr/call-record.ts';
import {
  MICROS_PER_USD,
  type Micros,
  nearOf,
  reachedOf,
  SPEND_LIMITS,
  type SpendLimit,
  type SpendLimits,
  type Spent,
} from '@voicebridge/shared/spend/limits.ts';
import {costOf} from './prices.ts';
import {addTokens, NO_TOKENS} from './sum-tokens.ts';

/** What follows from what was spent. Each limit is told once. */
export interface SpendVerdict {
  /** Used to four fifths or more. */
  readonly near: readonly SpendLimit[];
  /** The call must end. */
  readonly reached: SpendLimit | undefined;
}

/** What one owner of a call spends on it, and whether the call may go on. */
export class SpendMeter {
  readonly #model: string;
  readonly #limits: SpendLimits;
  readonly #warned = new Set<SpendLimit>();
  #hasEnded = false;
  #tokens: Tokens = NO_TOKENS;

  constructor(model: string, limits: SpendLimits) {
    this.#model = model;
    this.#limits = limits;
  }

  /** Whether a limit is set for a model whose price is not known: it cannot hold. */
  get isBlind(): boolean {
    return costOf(this.#model, this.#tokens) === null && SPEND_LIMITS.some(limit => this.#limits[limit] > 0);
  }

  /** All that this owner has spent; 0 where the price is not known. */
  get micros(): Micros {
    return Math.round((costOf(this.#model, this.#tokens) ?? 0) * MICROS_PER_USD);
  }

  billed(tokens: Tokens): void {
    this.#tokens = addTokens(this.#tokens, tokens);
  }

  /** `spent`: what the ledger says; undefined: it did not answer, and only what was spent here is known. */
  judge(spent: Spent = {call: 0, caller: 0, assistant: 0, day: 0}): SpendVerdict {
    const all = {...spent, call: Math.max(spent.call, this.micros)};
    const near = nearOf(SPEND_LIMITS, all, this.#limits).filter(limit => !this.#warned.has(limit));
    for (const limit of near) this.#warned.add(limit);
    const reached = this.#hasEnded ? undefined : reachedOf(SPEND_LIMITS, all, this.#limits);
    this.#hasEnded ||= reached !== undefined;
    return {near, reached};
  }
}
