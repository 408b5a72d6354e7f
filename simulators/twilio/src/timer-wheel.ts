import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';

/** Something with deadlines. `tick` must move `dueAt` forward; Infinity means nothing to do for now. */
export interface Wheeled {
  readonly dueAt: Millis;
  tick(at: Millis): void;
}

/** How late the wheel reached its deadlines, in milliseconds. */
export interface Lag {
  readonly p50: Millis;
  readonly p99: Millis;
  readonly max: Millis;
}

/** The longest the wheel sleeps while there is anything on it. */
const LONGEST_SLEEP: Millis = 5;
const SHORTEST_SLEEP: Millis = 1;

const BUCKETS_PER_MS = 10;
const BUCKETS = 10_000;

/**
 * One timer for thousands of calls: it sleeps until the nearest deadline, runs everything that is due, and measures its
 * own lateness, since a simulator that lags measures itself and not the product.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #items = new Set<Wheeled>();
  readonly #late = new Uint32Array(BUCKETS + 1);
  #samples = 0;
  #maxLate: Millis = 0;
  #wakesAt: Millis = Infinity;
  #cancel: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(item: Wheeled): void {
    this.#items.add(item);
    this.wakeFor(item.dueAt);
  }

  remove(item: Wheeled): void {
    this.#items.delete(item);
  }

  /** A deadline has come nearer than the wheel may know. */
  wakeFor(dueAt: Millis): void {
    const now = this.#clock.now();
    const at = Math.max(now + SHORTEST_SLEEP, Math.min(dueAt, now + LONGEST_SLEEP));
    if (at >= this.#wakesAt) return;
    this.#cancel?.();
    this.#wakesAt = at;
    this.#cancel = this.#clock.after(at - now, () => this.#turn());
  }

  stop(): void {
    this.#cancel?.();
    this.#wakesAt = -Infinity; // nothing wakes it again
    this.#items.clear();
  }

  get lag(): Lag {
    return {p50: this.#quantile(0.5), p99: this.#quantile(0.99), max: this.#maxLate};
  }

  #turn(): void {
    this.#wakesAt = Infinity;
    let next = Infinity;
    for (const item of this.#items) {
      if (item.dueAt <= this.#clock.now()) this.#run(item);
      next = Math.min(next, item.dueAt);
    }
    if (this.#items.size > 0) this.wakeFor(next);
  }

  #run(item: Wheeled): void {
    const now = this.#clock.now();
    const late = now - item.dueAt;
    this.#samples += 1;
    this.#maxLate = Math.max(this.#maxLate, late);
    const bucket = Math.min(BUCKETS, Math.floor(late * BUCKETS_PER_MS));
    this.#late[bucket] = (this.#late[bucket] ?? 0) + 1;
    item.tick(now);
  }

  #quantile(share: number): Millis {
    let left = this.#samples * share;
    for (const [bucket, count] of this.#late.entries()) {
      left -= count;
      if (left <= 0 && this.#samples > 0) return Math.min(this.#maxLate, (bucket + 1) / BUCKETS_PER_MS);
    }
    return 0;
  }
}
