import {every} from '../ticker.ts';
import type {Cancel, Clock, Millis} from '../time.ts';
import type {FleetName} from '../redis/keys.ts';
import type {Fleet, Member} from './fleet.ts';
import {loadOf} from './least-loaded.ts';

const LOOK_EVERY: Millis = 200;
/** Members announce themselves once a second; anything older is looked up again. */
const FRESH: Millis = 1_500;

/**
 * The members of a fleet as of the last look-up, without waiting for Redis: after the death of a worker all its calls
 * need another one at once. Each request is expected to assign a call, so it adds one call to the least loaded member;
 * a burst does not all go to one worker. Use it to choose whom to ask; the worker itself decides.
 */
export class MemberCache implements Pick<Fleet, 'members'>, Disposable {
  readonly #fleet: Pick<Fleet, 'members'>;
  readonly #name: FleetName;
  readonly #clock: Clock;
  readonly #stop: Cancel;
  #known: {at: Millis; members: Member[]} | undefined;

  constructor(fleet: Pick<Fleet, 'members'>, name: FleetName, clock: Clock) {
    this.#fleet = fleet;
    this.#name = name;
    this.#clock = clock;
    this.#stop = every(clock, LOOK_EVERY, () => void this.#look().catch(() => {}));
  }

  async members(name: FleetName): Promise<readonly Member[]> {
    if (name !== this.#name) return await this.#fleet.members(name);
    const known = this.#known;
    const members = known && this.#clock.now() - known.at < FRESH ? [...known.members] : [...(await this.#look())];
    const next = members.filter(({state}) => state === 'ready').toSorted((a, b) => loadOf(a) - loadOf(b))[0];
    if (next && this.#known) {
      const list = this.#known.members;
      this.#known.members = list.map(each => (each.id === next.id ? {...each, calls: each.calls + 1} : each));
    }
    return members;
  }

  async #look(): Promise<readonly Member[]> {
    const members = [...(await this.#fleet.members(this.#name))];
    this.#known = {at: this.#clock.now(), members};
    return members;
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
