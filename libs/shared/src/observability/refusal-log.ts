import type {Cancel, Clock, Millis} from '../time.ts';
import type {Log} from './log.ts';

/** Strangers are told about this often, however many there are. */
const SUM_EVERY: Millis = 10_000;

/** What the line for the first says, and the line for all others. */
export interface RefusalWords {
  readonly first: string;
  readonly summed: string;
}

const STRANGERS: RefusalWords = {first: 'stranger refused', summed: 'strangers refused'};

/**
 * The lines about what strangers send: one at once for the first, so that a wrong token is seen, and then one for all that
 * came in ten seconds. A stranger must not be able to fill a disk.
 */
export class RefusalLog implements Disposable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #words: RefusalWords;
  #reasons = new Map<string, number>();
  #summing: Cancel | undefined;

  constructor(clock: Clock, log: Log, words = STRANGERS) {
    this.#clock = clock;
    this.#log = log;
    this.#words = words;
  }

  /** `reason`: one of a few words of ours, never of the stranger's. `hint`: what an operator may have done wrong. */
  refused(reason: string, hint?: string): void {
    if (this.#summing === undefined) {
      this.#log.warn({reason, hint}, this.#words.first);
      this.#sumLater();
      return;
    }
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
  }

  #sumLater(): void {
    this.#summing = this.#clock.after(SUM_EVERY, () => this.#sum());
  }

  /** Goes on as long as strangers come: the next first line follows a quiet time. */
  #sum(): void {
    this.#summing = undefined;
    if (this.#reasons.size === 0) return;
    const reasons = Object.fromEntries(this.#reasons);
    const refused = [...this.#reasons.values()].reduce((sum, count) => sum + count, 0);
    this.#reasons = new Map();
    this.#log.warn({refused, reasons, withinMs: SUM_EVERY}, this.#words.summed);
    this.#sumLater();
  }

  [Symbol.dispose](): void {
    this.#summing?.();
    this.#summing = undefined;
  }
}
