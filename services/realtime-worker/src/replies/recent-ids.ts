/** The ids that were added last: as many as a late message can still be about. */
export class RecentIds {
  readonly #max: number;
  readonly #ids = new Set<string>();

  /** `max`: with one more, the oldest is forgotten. */
  constructor(max: number) {
    this.#max = max;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** An id that is added again counts as new for being forgotten. Returns false if it was there. */
  add(id: string): boolean {
    const isNew = !this.#ids.delete(id);
    this.#ids.add(id);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= this.#max) break;
      this.#ids.delete(oldest);
    }
    return isNew;
  }
}
