const WORD = /[\p{L}\p{N}]/u;

/** What the caller is saying, from the first sound until it is known whether it was a turn. */
export class CallerTurn {
  #itemId = '';
  #isOpen = false;
  #unanswered: string | undefined;
  #noise: {readonly itemId: string; readonly forget: boolean} | undefined;

  /** The caller has spoken, and it is not known yet whether that is a turn. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** `itemId`: what it will be called if it is one. */
  spoke(itemId: string): void {
    this.#itemId = itemId;
    this.#isOpen = true;
    this.#unanswered = undefined;
  }

  /** It was no turn. `forget`: the model must not know of it at all. */
  wasNoise(forget: boolean): void {
    this.#noise = {itemId: this.#itemId, forget};
  }

  /** The model has committed it as an item. Returns what it was. */
  committed(itemId: string): 'turn' | 'unanswered' | 'noise' {
    this.#isOpen = false;
    if (this.#noise?.itemId !== itemId) return 'turn';
    if (this.#noise.forget) return 'noise';
    this.#unanswered = itemId;
    return 'unanswered';
  }

  /** The transcript is there. True if the speech was left unanswered and has words: it was a turn after all. */
  hasWords(itemId: string, text: string): boolean {
    if (this.#unanswered !== itemId || !WORD.test(text)) return false;
    this.#unanswered = undefined;
    return true;
  }

  /** The assistant answers it, though the model never had it as an item. */
  answered(): void {
    this.#isOpen = false;
  }

  /** The session that heard it is gone; another will hear it again. */
  lost(): void {
    this.#isOpen = false;
  }
}
