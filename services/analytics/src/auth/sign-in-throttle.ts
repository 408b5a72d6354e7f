import {isLoopback} from '@voicebridge/shared/config/addresses.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/** Wrong passwords without a wait, because people mistype. */
const FREE = 4;
const FIRST_WAIT: Millis = 1_000;
const LONGEST_WAIT: Millis = 60_000;
/** After this long without a wrong password an address starts from zero again. */
const FORGET: Millis = 15 * 60_000;
/** How many addresses are kept; beyond this the oldest is dropped. */
const ADDRESSES = 10_000;
/** Guesses of all addresses together: so many at once, and one more each six seconds. */
const TOGETHER = 20;
const ONE_MORE_EACH: Millis = 6_000;
/** Addresses from which somebody signed in; beyond this the oldest is dropped. */
const KNOWN = 100;

/**
 * Slows down guessing. Each wrong password beyond the first few doubles the wait of its address, and all addresses share a
 * budget, so that many of them guess no more than one. This machine, and addresses from which the right password came
 * before, are only bound by their own wait: strangers who use the budget up do not keep them out.
 */
export class SignInThrottle {
  readonly #wrong = new Map<string, {count: number; at: Millis}>();
  readonly #known = new Set<string>();
  #spent = 0;
  #spentAt: Millis = 0;

  /** Milliseconds until this address may try again; 0 means now. */
  wait(address: string, at: Millis): Millis {
    return Math.max(this.#ownWait(address, at), this.#isKnown(address) ? 0 : this.#sharedWait(at));
  }

  failed(address: string, at: Millis): void {
    const wrong = this.#wrong.get(address);
    const count = wrong && at - wrong.at <= FORGET ? wrong.count + 1 : 1;
    this.#wrong.delete(address);
    this.#wrong.set(address, {count, at});
    dropOldest(this.#wrong, ADDRESSES);
    if (this.#isKnown(address)) return;
    this.#spent = this.#spentBy(at) + 1;
    this.#spentAt = at;
  }

  succeeded(address: string): void {
    this.#wrong.delete(address);
    if (!this.#isKnown(address)) this.#spent = Math.max(0, this.#spent - 1);
    this.#known.delete(address);
    this.#known.add(address);
    dropOldest(this.#known, KNOWN);
  }

  #ownWait(address: string, at: Millis): Millis {
    const wrong = this.#wrong.get(address);
    if (!wrong || at - wrong.at > FORGET || wrong.count < FREE) return 0;
    const wait = Math.min(FIRST_WAIT * 2 ** (wrong.count - FREE), LONGEST_WAIT);
    return Math.max(0, wrong.at + wait - at);
  }

  /** What is spent of the budget now: it fills up again with time. */
  #spentBy(at: Millis): number {
    return Math.max(0, this.#spent - (at - this.#spentAt) / ONE_MORE_EACH);
  }

  #sharedWait(at: Millis): Millis {
    return Math.max(0, Math.ceil((this.#spentBy(at) - (TOGETHER - 1)) * ONE_MORE_EACH));
  }

  #isKnown(address: string): boolean {
    return this.#known.has(address) || isLoopback(address);
  }
}

function dropOldest<Key>(
  all: {readonly size: number; keys(): Iterator<Key>; delete(key: Key): boolean},
  atMost: number,
) {
  const {value, done} = all.keys().next();
  if (all.size > atMost && done !== true) all.delete(value);
}
