import {tellMessage} from '@voicebridge/shared/observability/tell-error.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import {OutageLog} from '@voicebridge/shared/observability/outage-log.ts';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import {sql, type Kysely} from 'kysely';
import type {Database} from './database.ts';
import type {Schema} from './schema.ts';

/** The first attempt after a loss comes soon, because most losses are restarts. */
const RETRIES: readonly Millis[] = [100, 200, 500, 1_000, 2_000];

/** A database that fails again within this time was not back: with a full disk it still answers queries. */
const SETTLED: Millis = 3_000;

/**
 * Whether the database can be used now. After a reported failure it sends queries until the database answers, and then
 * releases everything that waits. Each loss and each return is logged once.
 */
export class DatabaseWatch implements AsyncDisposable {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #outages: OutageLog;
  #reason: string | undefined = 'the database has not answered yet';
  #prepared = false;
  #back = Promise.withResolvers<void>();
  #attempt = 0;
  /** When it last answered after a failure. */
  #workedAt: Millis = Number.NEGATIVE_INFINITY;
  #cancel: Cancel | undefined;
  #closed = false;

  constructor(database: Database, clock: Clock, log: Log) {
    this.#database = database;
    this.#clock = clock;
    this.#outages = new OutageLog(clock, SETTLED, {
      away: thrown => log.warn({err: thrown}, 'database is unavailable; records wait in the queue, nothing is lost'),
      still: outage => log.warn({...outage, reason: this.#reason}, 'database is still unavailable'),
      back: outage => log.info(outage, 'database is back'),
    });
  }

  get kind(): Database['kind'] {
    return this.#database.kind;
  }

  /** Why the database cannot be used; undefined when it can. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** The database in whatever state it is, for a caller that would rather fail than wait. */
  get now(): Kysely<Schema> {
    return this.#database.kysely;
  }

  /** Tries once and returns; after a failure it goes on trying in the background. */
  async start(): Promise<void> {
    await this.#try();
  }

  /** Resolves when the database can be used; rejects when `signal` ends first. */
  async ready(signal: AbortSignal): Promise<Kysely<Schema>> {
    if (this.#reason !== undefined) {
      const aborted = Promise.withResolvers<never>();
      const abort = () => aborted.reject(signal.reason);
      signal.addEventListener('abort', abort, {once: true});
      if (signal.aborted) abort();
      try {
        await Promise.race([this.#back.promise, aborted.promise]);
      } finally {
        signal.removeEventListener('abort', abort);
      }
    }
    return this.#database.kysely;
  }

  /** Reports a failure that was not the fault of the statement. */
  lost(thrown: unknown): void {
    if (this.#reason !== undefined || this.#closed) return;
    this.#back = Promise.withResolvers<void>();
    // A database that answers, and fails at the next record, was not back: it is left in peace for longer each time.
    if (this.#clock.now() - this.#workedAt >= SETTLED) this.#attempt = 0;
    this.#isAway(thrown);
  }

  #isAway(thrown: unknown): void {
    this.#reason = `the database cannot be used: ${tellMessage(thrown)}`;
    this.#outages.failed(thrown);
    const delay = RETRIES[Math.min(this.#attempt++, RETRIES.length - 1)] ?? 0;
    this.#cancel = this.#clock.after(delay, () => void this.#try());
  }

  /** Never rejects. */
  async #try(): Promise<void> {
    if (this.#closed) return;
    try {
      if (this.#prepared) await sql`SELECT 1`.execute(this.#database.kysely);
      else await this.#database.prepare();
    } catch (thrown) {
      if (!this.#closed) this.#isAway(thrown);
      return;
    }
    this.#prepared = true;
    this.#reason = undefined;
    this.#workedAt = this.#clock.now();
    this.#outages.worked();
    this.#back.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    this.#outages[Symbol.dispose]();
    await this.#database[Symbol.asyncDispose]();
  }
}
