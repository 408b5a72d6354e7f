import type {Tokens} from '@voicebridge/shared/cdr/call-record.ts';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import {tellMessage} from '@voicebridge/shared/observability/tell-error.ts';
import {MICROS_PER_USD, type SpendLimit, type SpendLimits} from '@voicebridge/shared/spend/limits.ts';
import type {Payer} from '@voicebridge/shared/spend/payer.ts';
import {RENEW_EVERY_MS, type SpendLedger} from '@voicebridge/shared/spend/spend-ledger.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {SpendMeter} from '../cdr/spend-meter.ts';

export interface CallSpendDeps {
  readonly ledger: SpendLedger;
  readonly payer: Payer;
  /** The epoch in which this worker became the owner of the call. */
  readonly owner: number;
  readonly model: string;
  readonly limits: SpendLimits;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  /** A limit is reached: the call must end. Called once. */
  readonly reached: (limit: SpendLimit) => void;
}

/**
 * Tells the ledger what this worker spends on a call: one command when it gets the call and one after each response, one a
 * minute without any, none for a frame. A ledger that does not answer ends no call; what was not told is in the next sum.
 */
export class CallSpend {
  readonly #with: CallSpendDeps;
  readonly #meter: SpendMeter;
  #toldAt: Millis;
  #wasBlind = false;

  constructor(deps: CallSpendDeps) {
    this.#with = deps;
    this.#meter = new SpendMeter(deps.model, deps.limits);
    this.#toldAt = deps.clock.now();
  }

  /** This worker has the call: what others have spent may be too much already. Only a worker knows which assistant answers. */
  begin(): void {
    this.#tell(false);
  }

  /** The model bills a response. */
  billed(tokens: Tokens): void {
    const {metrics} = this.#with;
    const before = this.#meter.micros;
    this.#meter.billed(tokens);
    metrics.spentDollars.inc(Math.max(0, this.#meter.micros - before) / MICROS_PER_USD);
    if (this.#meter.isBlind && !this.#wasBlind) metrics.spendUnjudgedTotal.inc({reason: 'no-price'});
    this.#wasBlind = this.#meter.isBlind;
    this.#tell(false);
  }

  /** Looked at each second: a call in which nobody speaks is still one in progress. */
  review(): void {
    if (this.#with.clock.now() - this.#toldAt >= RENEW_EVERY_MS) this.#tell(false);
  }

  /** The call is over. */
  over(): void {
    this.#tell(true);
  }

  #tell(isOver: boolean): void {
    this.#toldAt = this.#with.clock.now();
    background(this.#charge(isOver), this.#with.log, 'telling the ledger');
  }

  async #charge(isOver: boolean): Promise<void> {
    const {ledger, payer, owner, metrics, log, reached} = this.#with;
    const {micros} = this.#meter;
    const spent = await ledger.charge(payer, {owner, micros, isOver}).catch((thrown: unknown) => {
      metrics.spendUnjudgedTotal.inc({reason: 'no-answer'});
      // Counted, and said in an alert: a line for each turn of each call would be a flood.
      log.debug({why: tellMessage(thrown)}, 'the ledger does not answer: the call goes on');
      return undefined;
    });
    if (isOver) return;
    const verdict = this.#meter.judge(spent);
    for (const limit of verdict.near) metrics.limitsNearTotal.inc({limit});
    if (verdict.reached === undefined) return;
    metrics.limitsReachedTotal.inc({limit: verdict.reached});
    log.warn({limit: verdict.reached}, 'a limit of money is reached: the call ends');
    reached(verdict.reached);
  }
}
