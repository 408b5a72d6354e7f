import {LIMITS} from '../observability/metric-labels.ts';
import {nearOf, reachedOf, type Limits, type Spent} from './limits.ts';
import {limitsOf, type Payer} from './payer.ts';
import {type Admission, type Charge, dayOf, LEASE_MS, type SpendLedger} from './spend-ledger.ts';

/** The ledger of one process, and the reference for the one in Redis. It forgets nothing. */
export class MemorySpendLedger implements SpendLedger {
  readonly #wall: () => number;
  readonly #sums = new Map<string, number>();
  /** By party: the calls in progress, and until when they count. */
  readonly #live = new Map<string, Map<string, number>>();

  /** `wall`: Unix milliseconds. */
  constructor(wall: () => number) {
    this.#wall = wall;
  }

  async admit(payer: Payer, limits: Limits): Promise<Admission> {
    const used = {
      ...this.#spent(payer),
      call: 0,
      'calls-of-caller': this.#others(`from ${payer.caller}`, payer),
      'calls-withheld': this.#others(`from ${payer.caller}`, payer),
      'calls-of-number': this.#others(`to ${payer.number}`, payer),
    };
    const those = limitsOf(payer, limits);
    const limit = reachedOf(LIMITS, used, those);
    if (limit !== undefined) return {admitted: false, limit};
    this.#setLive(payer, false);
    return {admitted: true, near: nearOf(LIMITS, used, those)};
  }

  async charge(payer: Payer, {owner, micros, isOver}: Charge): Promise<Spent> {
    const place = `${payer.callSid} ${owner}`;
    const more = micros - (this.#sums.get(place) ?? 0);
    if (more > 0) {
      this.#sums.set(place, micros);
      for (const name of this.#names(payer)) this.#sums.set(name, (this.#sums.get(name) ?? 0) + more);
    }
    this.#setLive(payer, isOver);
    return this.#spent(payer);
  }

  #spent(payer: Payer): Spent {
    const [call = 0, assistant = 0, day = 0, caller = 0] = this.#names(payer).map(name => this.#sums.get(name));
    return {call, caller, assistant, day};
  }

  #names({callSid, assistant, caller}: Payer): string[] {
    const day = dayOf(this.#wall());
    return [
      callSid,
      `${day} assistant ${assistant}`,
      day,
      ...(caller === undefined ? [] : [`${day} caller ${caller}`]),
    ];
  }

  #others(party: string, {callSid}: Payer): number {
    const now = this.#wall();
    return [...(this.#live.get(party) ?? [])].filter(([sid, until]) => sid !== callSid && until > now).length;
  }

  #setLive({callSid, caller, number}: Payer, isOver: boolean): void {
    for (const party of [`from ${caller}`, `to ${number}`]) {
      const calls = this.#live.get(party) ?? new Map<string, number>();
      if (isOver) calls.delete(callSid);
      else calls.set(callSid, this.#wall() + LEASE_MS);
      this.#live.set(party, calls);
    }
  }
}
