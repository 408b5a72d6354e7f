import type {Log} from '../observability/log.ts';
import {OutageLog} from '../observability/outage-log.ts';
import {every} from '../ticker.ts';
import type {Cancel, Clock, Millis} from '../time.ts';
import {makeClient, nodesOf} from './client.ts';
import {PROBE_TTL_MS} from './keys.ts';
import {REDIS_CURES, redisTroubleOf, type RedisTrouble} from './redis-trouble.ts';
import {unaskedWords} from './unasked-words.ts';

const EVERY: Millis = 1_000;
/** A tick that comes this much too late was held up in this process, which may not have read the answer yet. */
const LATE: Millis = 250;
/** A Redis that works for less than this counts as still failing. */
const SETTLED: Millis = 2_000;

export interface WriteProbeOptions {
  /** The key that it writes: `probeKey`. */
  readonly key: string;
  /** Sets a key, with its lifetime, by the connection that is probed. */
  readonly set: (key: string, ttlMs: Millis) => Promise<unknown>;
  /** Its URL. A new connection is tried, too, if that is one Redis. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  /** What is known to be wrong already. */
  readonly trouble?: RedisTrouble | undefined;
  /**
   * Called when the connection leads to a demoted primary and a new one would not: every connection should be reopened.
   */
  readonly moved?: () => void;
}

/**
 * Checks every second by writing whether Redis accepts writes. A Redis that was demoted, is full or has lost a right
 * still answers PING; without this check a caller would be the first to notice.
 */
export class WriteProbe implements Disposable {
  readonly #options: WriteProbeOptions;
  readonly #outages: OutageLog;
  readonly #stop: Cancel;
  /** The reasons that were logged since it last worked, so that each is logged once. */
  readonly #told = new Set<RedisTrouble>();
  #trouble: RedisTrouble | undefined;
  /** When the write began that has no answer yet. */
  #askedAt: Millis | undefined;
  #hasWorked = false;
  #closed = false;

  constructor(options: WriteProbeOptions) {
    this.#options = options;
    const {clock, log} = options;
    this.#trouble = options.trouble;
    this.#outages = new OutageLog(clock, SETTLED, {
      away: () => {},
      back: outage => {
        this.#told.clear();
        log.info(outage, 'redis can be used again');
      },
    });
    this.#stop = every(clock, EVERY, lateMs => this.#tick(lateMs));
  }

  /** Whether a write ever succeeded. */
  get hasWorked(): boolean {
    return this.#hasWorked;
  }

  /** Why Redis cannot be used; undefined while it can, or before the first write. */
  get trouble(): RedisTrouble | undefined {
    return this.#trouble;
  }

  #tick(lateMs: Millis): void {
    const now = this.#options.clock.now();
    if (this.#askedAt !== undefined) {
      // After a look that was late the next one comes sooner than a second later.
      if (lateMs > LATE || now - this.#askedAt < EVERY - LATE) return;
      // A process that was busy until this moment has not read the answers that came meanwhile: it reads them first.
      setImmediate(() => this.#unanswered());
      return;
    }
    this.#askedAt = now;
    void this.#ask().finally(() => (this.#askedAt = undefined));
  }

  /** A slower answer counts as none. */
  #unanswered(): void {
    if (this.#askedAt !== undefined && !this.#closed) this.#failed(new Error('no answer to a write within a second'));
  }

  async #ask(): Promise<void> {
    const {set, url, moved} = this.#options;
    try {
      await set(this.#options.key, PROBE_TTL_MS);
      this.#trouble = undefined;
      this.#hasWorked = true;
      this.#outages.worked();
    } catch (thrown) {
      if (this.#closed) return;
      // The failed connection may not show why, or lead to the former primary; a new one shows it.
      const now = nodesOf(url).cluster ? thrown : await this.#writeAnew(url);
      if (now !== undefined) return this.#failed(now);
      if (redisTroubleOf(thrown) === 'read-only') moved?.();
      this.#failed(thrown);
    }
  }

  /** The trouble that a new connection meets; undefined if it can write. */
  async #writeAnew(url: string): Promise<unknown> {
    const client = makeClient(url, {
      lazyConnect: true,
      connectTimeout: EVERY,
      commandTimeout: EVERY,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      connectionName: 'voicebridge-probe',
    });
    let said: unknown;
    client.on('error', error => (said ??= error));
    try {
      await client.connect();
      await client.set(this.#options.key, '', 'PX', PROBE_TTL_MS);
      return undefined;
    } catch (thrown) {
      const failure = said ?? thrown;
      return redisTroubleOf(failure) === 'no-answer' ? ((await unaskedWords(url)) ?? failure) : failure;
    } finally {
      client.disconnect();
    }
  }

  #failed(thrown: unknown): void {
    const reason = redisTroubleOf(thrown);
    this.#trouble = reason;
    this.#outages.failed(thrown);
    if (this.#told.has(reason)) return;
    this.#told.add(reason);
    this.#options.log.error({reason, cure: REDIS_CURES[reason], err: thrown}, 'redis cannot be used');
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#stop();
    this.#outages[Symbol.dispose]();
  }
}
