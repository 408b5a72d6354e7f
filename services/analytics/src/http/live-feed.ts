import {messageOf} from '@voicebridge/shared/errors.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import {every, type Cancel, type Clock, type Millis} from '@voicebridge/shared/time.ts';
import type {Call} from '../queries/call-shapes.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import type {Fleet} from '../queries/live-fleet.ts';
import {callOf} from '../queries/list-calls.ts';

/** What a page that is open is told: a call has finished, the fleet has changed, or the fleet cannot be seen. */
export type LiveEvent =
  | {readonly event: 'call'; readonly data: Call}
  | {readonly event: 'fleet'; readonly data: Fleet | {readonly unknown: string}};

export interface LiveFeedDeps {
  readonly database: DatabaseWatch;
  readonly readFleet: () => Promise<Fleet>;
  readonly clock: Clock;
  readonly log: Log;
}

const PERIOD: Millis = 1_000;
/** Records of calls that end together are told together. */
const SOON: Millis = 100;
/** Processes write with clocks of their own transactions: what commits late is still found. */
const OVERLAP: Millis = 30_000;
/** More calls than this at once are for a list, not for a feed. */
const AT_ONCE = 100;

/**
 * Follows the database, not this process: another process may have written the call. Asks only while somebody
 * listens.
 */
export class LiveFeed implements Disposable {
  readonly #deps: LiveFeedDeps;
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  /** Calls that were told, by the moment of their recording; a call is told again when more of it arrives. */
  readonly #told = new Map<string, number>();
  #since: Date | undefined;
  #fleet = '';
  #ticking = false;
  #stop: Cancel | undefined;
  #soon: Cancel | undefined;

  constructor(deps: LiveFeedDeps) {
    this.#deps = deps;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  subscribe(listener: (event: LiveEvent) => void): Cancel {
    this.#listeners.add(listener);
    this.#fleet = '';
    if (!this.#stop) {
      this.#since = undefined;
      this.#told.clear();
      this.#stop = every(this.#deps.clock, PERIOD, () => void this.#tick());
    }
    void this.#tick();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#rest();
    };
  }

  /** A call was recorded here: nobody should have to wait for the next look. */
  poke(): void {
    if (!this.#stop || this.#soon) return;
    this.#soon = this.#deps.clock.after(SOON, () => {
      this.#soon = undefined;
      void this.#tick();
    });
  }

  #rest(): void {
    this.#stop?.();
    this.#soon?.();
    this.#stop = this.#soon = undefined;
  }

  #tell(event: LiveEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Never rejects. */
  async #tick(): Promise<void> {
    if (this.#ticking) return;
    this.#ticking = true;
    const fleet = await this.#deps.readFleet().catch((thrown: unknown) => ({unknown: messageOf(thrown)}));
    const said = JSON.stringify(fleet);
    if (said !== this.#fleet) this.#tell({event: 'fleet', data: fleet});
    this.#fleet = said;
    if (this.#deps.database.reason === undefined)
      await this.#newCalls().catch((thrown: unknown) =>
        this.#deps.log.debug({reason: messageOf(thrown)}, 'live feed could not look for calls'),
      );
    this.#ticking = false;
  }

  async #newCalls(): Promise<void> {
    const first = this.#since === undefined;
    const since = this.#since ?? new Date(this.#deps.clock.wall() - OVERLAP);
    const rows = await this.#deps.database.now
      .selectFrom('calls')
      .selectAll()
      .where('recordedAt', '>', since)
      .orderBy('recordedAt', 'desc')
      .limit(AT_ONCE)
      .execute();
    this.#since = since;
    for (const row of rows.toReversed()) {
      const at = row.recordedAt.getTime();
      if (this.#told.get(row.callSid) === at) continue;
      this.#told.set(row.callSid, at);
      // What was there before anybody listened is in the list already.
      if (!first) this.#tell({event: 'call', data: callOf(row)});
    }
    const newest = rows[0]?.recordedAt.getTime() ?? since.getTime();
    this.#since = new Date(Math.max(since.getTime(), newest - OVERLAP));
    for (const [callSid, at] of this.#told) if (at <= this.#since.getTime()) this.#told.delete(callSid);
  }

  [Symbol.dispose](): void {
    this.#rest();
    this.#listeners.clear();
  }
}
