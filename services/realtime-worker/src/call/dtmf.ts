import type {Millis} from '@voicebridge/shared/time.ts';

/** A caller who enters a number presses a key at least this often. */
const PAUSE_MS = 1_500;

/** Collects the keys a caller presses until they pause, or press `#`. */
export class Dtmf {
  #keys = '';
  #due: Millis | undefined;

  /** What was pressed and not taken yet. */
  get keys(): string {
    return this.#keys;
  }

  get deadline(): Millis | undefined {
    return this.#due;
  }

  pressed(digit: string, at: Millis): void {
    this.#keys += digit;
    this.#due = digit === '#' ? at : at + PAUSE_MS;
  }

  /** What was entered, once it is complete. */
  take(at: Millis): string | undefined {
    if (this.#due === undefined || at < this.#due) return undefined;
    const keys = this.#keys;
    this.#keys = '';
    this.#due = undefined;
    return keys;
  }
}
