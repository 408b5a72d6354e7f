/** Where versions of assistants are kept for whoever takes a call over. */
export interface VersionStore {
  /** Keeps a version for longer than any of its calls can last, counted from now. Idempotent. */
  put(hash: string, text: string): Promise<void>;
  get(hash: string): Promise<string | undefined>;
}

/** In one process, for tests and for trying. */
export class MemoryVersionStore implements VersionStore {
  readonly #texts = new Map<string, string>();

  async put(hash: string, text: string): Promise<void> {
    this.#texts.set(hash, text);
  }

  async get(hash: string): Promise<string | undefined> {
    return this.#texts.get(hash);
  }
}
