import type {Millis} from '@voicebridge/shared/time.ts';

/** Wrong passwords without a wait, because people mistype. */
const FREE = 4;
const FIRST_WAIT: Millis = 1_000;
const LONGEST_WAIT: Millis = 60_000;
/** After this long without a wrong password an address starts from zero again. */
const FORGET: Millis = 15 * 60_000;
/** How many addresses are kept; beyond this the oldest is dropped. */
const ADDRESSES = 10_000;

/** Slows down guessing: each wrong password beyond the first few doubles the wait of its address. */
export class SignInThrottle {
  readonly #wrong = new Map<string, {count: number; at: Millis}>();

  /** Milliseconds until this address may try again; 0 means now. */
  wait(address: string, at: Millis): Millis {
    const wrong = this.#wrong.get(address);
    if (!wrong || at - wrong.at > FORGET || wrong.count < FREE) return 0;
    const wait = Math.min(FIRST_WAIT * 2 ** (wrong.count - FREE), LONGEST_WAIT);
    return Math.max(0, wrong.at + wait - at);
  }

  failed(address: string, at: Millis): void {
    const wrong = this.#wrong.get(address);
    const count = wrong && at - wrong.at <= FORGET ? wrong.count + 1 : 1;
    this.#wrong.delete(address);
    this.#wrong.set(address, {count, at});
    const [oldest] = this.#wrong.keys();
    if (this.#wrong.size > ADDRESSES && oldest !== undefined) this.#wrong.delete(oldest);
  }

  succeeded(address: string): void {
    this.#wrong.delete(address);
  }
}
