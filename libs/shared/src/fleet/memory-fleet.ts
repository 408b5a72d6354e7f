import type {ProcessId} from '../protocol/ids.ts';
import {FLEET_TTL_MS, type FleetName} from '../redis/keys.ts';
import type {Clock, Millis} from '../time.ts';
import type {Fleet, ListedMember, Member} from './fleet.ts';

/** The fleet in the memory of one process. It is the reference for the one in Redis. */
export class MemoryFleet implements Fleet {
  readonly #clock: Clock;
  readonly #members = {
    workers: new Map<ProcessId, {member: Member; goneAt: Millis}>(),
    edges: new Map<ProcessId, {member: Member; goneAt: Millis}>(),
  };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async announce(name: FleetName, member: Member): Promise<void> {
    this.#members[name].set(member.id, {member, goneAt: this.#clock.now() + FLEET_TTL_MS});
  }

  async members(name: FleetName): Promise<readonly ListedMember[]> {
    const at = this.#clock.now();
    const living = [...this.#members[name].values()].filter(({goneAt}) => at < goneAt);
    return living
      .map(({member, goneAt}) => ({...member, silentMs: FLEET_TTL_MS - (goneAt - at)}))
      .toSorted((a, b) => a.calls - b.calls);
  }

  async leave(name: FleetName, id: ProcessId): Promise<void> {
    this.#members[name].delete(id);
  }
}
