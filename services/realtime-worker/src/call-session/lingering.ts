/** What goes on for a while after its call has left this worker. */
export class Lingering {
  readonly #all = new Set<Promise<void>>();

  add(one: Promise<void>): void {
    const kept = one.finally(() => this.#all.delete(kept));
    this.#all.add(kept);
  }

  /** Resolves when nothing is left. */
  async over(): Promise<void> {
    await Promise.allSettled(this.#all);
  }
}
