import type {FleetName} from '../redis/keys.ts';
import {within} from '../retry.ts';
import {every} from '../ticker.ts';
import type {Cancel, Clock, Millis} from '../time.ts';
import type {Fleet, ListedMember} from './fleet.ts';

/** How often the lists are read while no call asks for them. */
const LOOK_EVERY: Millis = 4_000;
/** Redis has this long to answer… */
const ANSWER_WITHIN: Millis = 150;
/** …if what it said last is no older than this. */
const KNOWN_FOR: Millis = 10_000;

/**
 * The members of the fleets as Redis lists them. While Redis does not answer, the list that it gave last is used. On a
 * Cluster the lists may be on a shard that is away, and callers whose own shard answers must not wait for it. An old list
 * does no harm, because the process that is chosen from it is asked before it gets a call.
 */
export class LastKnownFleet implements Pick<Fleet, 'members'>, Disposable {
  readonly #fleet: Pick<Fleet, 'members'>;
  readonly #clock: Clock;
  readonly #known = new Map<FleetName, {readonly at: Millis; readonly members: readonly ListedMember[]}>();
  /** Since when Redis has not answered; a list that was answered since has no entry. */
  readonly #silentSince = new Map<FleetName, Millis>();
  readonly #stopLooking: Cancel = () => {};

  /** `names`: the fleets that are read every four seconds, whether or not a call asks for them. */
  constructor(fleet: Pick<Fleet, 'members'>, clock: Clock, names: readonly FleetName[] = []) {
    this.#fleet = fleet;
    this.#clock = clock;
    if (names.length === 0) return;
    const look = () => {
      for (const name of names) void this.#look(name).catch(() => {});
    };
    look();
    this.#stopLooking = every(clock, LOOK_EVERY, look);
  }

  async members(name: FleetName): Promise<readonly ListedMember[]> {
    const now = this.#clock.now();
    const look = this.#look(name);
    const known = this.#known.get(name);
    if (!known || now - known.at > KNOWN_FOR) return await look;
    // Those who ask later need not wait as long as the first did.
    const left = ANSWER_WITHIN - (now - (this.#silentSince.get(name) ?? now));
    return await within(this.#clock, Math.max(0, left), look).catch(() => known.members);
  }

  async #look(name: FleetName): Promise<readonly ListedMember[]> {
    const now = this.#clock.now();
    this.#silentSince.set(name, this.#silentSince.get(name) ?? now);
    const members = await this.#fleet.members(name);
    this.#silentSince.delete(name);
    this.#known.set(name, {at: this.#clock.now(), members});
    return members;
  }

  [Symbol.dispose](): void {
    this.#stopLooking();
  }
}
