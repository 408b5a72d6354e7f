import type {ModelEvent} from '../model-adapter.ts';

/**
 * The items that the caller's turns become in one session. The core counts on `turnCommitted`, which some servers never
 * report: there a turn counts as committed when its transcript or a response shows it, and once that is known, as soon as
 * the caller stops.
 */
export class CallerItems {
  #last: string | undefined;
  /** The caller has stopped, and no commit was reported. */
  #stopped: string | undefined;
  /** Reported by us: the server's own report may still come. */
  #implied: string | undefined;
  /** Whether the server reports commits; undefined: not known yet. */
  #areReported: boolean | undefined;

  /** The item that the server named last. */
  get last(): string | undefined {
    return this.#last;
  }

  spoke(itemId: string): void {
    this.#last = itemId;
    this.#stopped = undefined;
  }

  stopped(itemId: string): ModelEvent[] {
    this.#stopped = itemId;
    return this.#areReported === false ? this.isShown() : [];
  }

  committed(itemId: string): ModelEvent[] {
    this.#areReported = true;
    this.#stopped = undefined;
    return this.#implied === itemId ? [] : [{type: 'turnCommitted', itemId}];
  }

  /** Something came that only follows a commit: the transcript of an item, or a response. */
  isShown(itemId = this.#stopped): ModelEvent[] {
    if (itemId === undefined || itemId !== this.#stopped) return [];
    this.#areReported ??= false;
    this.#implied = itemId;
    this.#stopped = undefined;
    return [{type: 'turnCommitted', itemId}];
  }
}
