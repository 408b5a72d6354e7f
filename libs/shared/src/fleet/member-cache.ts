import {everyWhile} from '../ticker.ts';
import type {Clock, Millis} from '../time.ts';
import type {FleetName} from '../redis/keys.ts';
import type {Fleet, ListedMember} from './fleet.ts';
import {loadOf, wellOrAll} from './least-loaded.ts';

/** Members announce themselves once a second; one that has just started should be found soon. */
const LOOK_EVERY: Millis = 250;
/** Up to so many members; among more, one that has just started may be found later, and Redis does no more for each look. */
const FEW = 8;
/** The longest pause between two looks, however many members there are. */
const LOOK_AT_LEAST_EVERY: Millis = 2_000;
/** Anything older is looked up again. */
const FRESH: Millis = 2_500;

/**
 * The members of a fleet as of the last look-up, without waiting for Redis: after the death of a worker all its calls
 * need another one at once. Each request is expected to assign a call, so it adds one call to the least loaded member;
 * a burst does not all go to one worker. Use it to choose whom to ask; the worker itself decides.
 */
export class MemberCache implements Pick<Fleet, 'members'>, Disposable {
  readonly #fleet: Pick<Fleet, 'members'>;
  readonly #name: FleetName;
  readonly #clock: Clock;
  readonly #looking: (isNeeded: boolean) => void;
  #isKeptFresh = false;
  #known: {at: Millis; members: ListedMember[]} | undefined;

  constructor(fleet: Pick<Fleet, 'members'>, name: FleetName, clock: Clock) {
    this.#fleet = fleet;
    this.#name = name;
    this.#clock = clock;
    this.#looking = everyWhile(clock, LOOK_EVERY, () => {
      if (this.#isDue) void this.#look().catch(() => {});
    });
  }

  /** Whether a call may need another worker at any moment. Otherwise the members are looked up when they are asked for. */
  keepFresh(isNeeded: boolean): void {
    if (isNeeded && !this.#isKeptFresh) void this.#look().catch(() => {});
    this.#isKeptFresh = isNeeded;
    this.#looking(isNeeded);
  }

  async members(name: FleetName): Promise<readonly ListedMember[]> {
    if (name !== this.#name) return await this.#fleet.members(name);
    const known = this.#known;
    const members = known && this.#clock.now() - known.at < FRESH ? [...known.members] : [...(await this.#look())];
    const ready = wellOrAll(members.filter(({state}) => state === 'ready'));
    const next = ready.toSorted((a, b) => loadOf(a) - loadOf(b))[0];
    if (next && this.#known) {
      const list = this.#known.members;
      this.#known.members = list.map(each => (each.id === next.id ? {...each, calls: each.calls + 1} : each));
    }
    return members;
  }

  get #isDue(): boolean {
    if (!this.#known) return true;
    const {at, members} = this.#known;
    const every = Math.min((LOOK_EVERY * members.length) / FEW, LOOK_AT_LEAST_EVERY);
    // Ticks are a little early or late.
    return this.#clock.now() - at >= every - LOOK_EVERY / 2;
  }

  async #look(): Promise<readonly ListedMember[]> {
    const members = [...(await this.#fleet.members(this.#name))];
    this.#known = {at: this.#clock.now(), members};
    return members;
  }

  [Symbol.dispose](): void {
    this.#looking(false);
  }
}
