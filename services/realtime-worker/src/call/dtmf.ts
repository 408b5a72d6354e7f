import type {Millis} from '@voicebridge/shared/time.ts';

/** A caller who enters a number presses a key at least this often. */
const PAUSE_MS = 1_500;
/** What is pressed beyond it without a pause is left out: all of it is in the journal with each key, and in what the model is told. */
const KEYS_AT_MOST = 100;
/** Each entry is an item of the conversation and asks the model for an answer: nobody enters two in a second. */
const BETWEEN_ENTRIES_MS = 1_000;

/** Collects the keys a caller presses until they pause, or press `#`. */
export class Dtmf {
  #keys = '';
  #due: Millis | undefined;
  #takenAt = Number.NEGATIVE_INFINITY;

  /** What was pressed and not taken yet. */
  get keys(): string {
    return this.#keys;
  }

  get deadline(): Millis | undefined {
    return this.#due;
  }

  pressed(digit: string, at: Millis): void {
    if (this.#keys.length < KEYS_AT_MOST) this.#keys += digit;
    const dueAt = digit === '#' ? at : at + PAUSE_MS;
    this.#due = Math.max(dueAt, this.#takenAt + BETWEEN_ENTRIES_MS);
  }

  /** What was entered, once it is complete. */
  take(at: Millis): string | undefined {
    if (this.#due === undefined || at < this.#due) return undefined;
    if (Number.isFinite(at)) this.#takenAt = at;
    const keys = this.#keys;
    this.#keys = '';
    this.#due = undefined;
    return keys;
  }
}
