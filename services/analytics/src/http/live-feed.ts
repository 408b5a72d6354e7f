import {messageOf} from '@voicebridge/shared/errors.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Call} from '../queries/call-shapes.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import type {ActiveCalls} from '../queries/active-calls.ts';
import type {Fleet} from '../queries/live-fleet.ts';
import {callOf} from '../queries/list-calls.ts';

/** An event for open pages: a call has finished, the fleet or the calls in progress have changed, or the fleet cannot be read. */
export type LiveEvent =
  | {readonly event: 'call'; readonly data: Call}
  | {readonly event: 'fleet'; readonly data: Fleet | {readonly unknown: string}}
  | {readonly event: 'active'; readonly data: ActiveCalls};

export interface LiveFeedDeps {
  readonly database: DatabaseWatch;
  readonly readFleet: () => Promise<Fleet>;
  /** The calls that this fleet has in progress. */
  readonly readActive: (fleet: Fleet) => Promise<ActiveCalls>;
  readonly clock: Clock;
  readonly log: Log;
}

const PERIOD: Millis = 1_000;
/** After a call was stored, the feed waits this long for others that ended at the same time. */
const SOON: Millis = 100;
/** `recorded_at` is the start of a transaction, so a row may become visible this much later than its time. */
const OVERLAP: Millis = 30_000;
/** At most so many calls are sent at once; the list of calls has the rest. */
const AT_ONCE = 100;

/**
 * Sends finished calls and the state of the fleet to open pages. Polls the database, because another process may have
 * stored the call, and only while a page is subscribed.
 */
export class LiveFeed implements Disposable {
  readonly #deps: LiveFeedDeps;
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  /** When the calls that were sent had been recorded. A call is sent again when another part of it arrives. */
  readonly #sent = new Map<string, number>();
  #since: Date | undefined;
  #fleet = '';
  #active = '';
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
    this.#active = '';
    if (!this.#stop) {
      this.#since = undefined;
      this.#sent.clear();
      this.#stop = every(this.#deps.clock, PERIOD, () => void this.#tick());
    }
    void this.#tick();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stopPolling();
    };
  }

  /** A call was stored by this process: polls soon instead of at the next period. */
  poke(): void {
    if (!this.#stop || this.#soon) return;
    this.#soon = this.#deps.clock.after(SOON, () => {
      this.#soon = undefined;
      void this.#tick();
    });
  }

  #stopPolling(): void {
    this.#stop?.();
    this.#soon?.();
    this.#stop = this.#soon = undefined;
  }

  #send(event: LiveEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Never rejects. */
  async #tick(): Promise<void> {
    if (this.#ticking) return;
    this.#ticking = true;
    const fleet = await this.#deps.readFleet().catch((thrown: unknown) => ({unknown: messageOf(thrown)}));
    const said = JSON.stringify(fleet);
    if (said !== this.#fleet) this.#send({event: 'fleet', data: fleet});
    this.#fleet = said;
    if (!('unknown' in fleet)) await this.#activeCalls(fleet);
    if (this.#deps.database.reason === undefined)
      await this.#newCalls().catch((thrown: unknown) =>
        this.#deps.log.debug({err: thrown}, 'live feed could not look for calls'),
      );
    this.#ticking = false;
  }

  async #activeCalls(fleet: Fleet): Promise<void> {
    const active = await this.#deps.readActive(fleet).catch((thrown: unknown) => {
      this.#deps.log.debug({err: thrown}, 'live feed could not ask for active calls');
      return undefined;
    });
    const said = JSON.stringify(active);
    if (active && said !== this.#active) this.#send({event: 'active', data: active});
    this.#active = said;
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
      if (this.#sent.get(row.callSid) === at) continue;
      this.#sent.set(row.callSid, at);
      // Calls from before the first subscription are in the page's list already.
      if (!first) this.#send({event: 'call', data: callOf(row)});
    }
    const newest = rows[0]?.recordedAt.getTime() ?? since.getTime();
    this.#since = new Date(Math.max(since.getTime(), newest - OVERLAP));
    for (const [callSid, at] of this.#sent) if (at <= this.#since.getTime()) this.#sent.delete(callSid);
  }

  [Symbol.dispose](): void {
    this.#stopPolling();
    this.#listeners.clear();
  }
}
