import {ProcessId} from '../protocol/ids.ts';
import type {RedisClient} from '../redis/connect.ts';
import {fleet as fleetKey, fleetMember, FLEET_TTL_MS, type FleetName} from '../redis/keys.ts';
import {script} from '../redis/scripts.ts';
import {Member, type Fleet, type ListedMember} from './fleet.ts';

const announce = script('announce-2.lua', ['done']);
const reap = script('reap-2.lua', ['lives', 'done']);

/** The fleet in Redis, which all processes share. */
export class RedisFleet implements Fleet {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  async announce(name: FleetName, member: Member): Promise<void> {
    const fields = Object.entries(member).flatMap(([field, value]) => (value === undefined ? [] : [field, value]));
    const args = [member.id, member.calls, FLEET_TTL_MS, ...fields];
    await announce(this.#redis, [fleetKey(name), fleetMember(name, member.id)], args);
  }

  async members(name: FleetName): Promise<readonly ListedMember[]> {
    const ids = await this.#redis.zrange(fleetKey(name), '0', '-1');
    const members = await Promise.all(ids.map(id => this.#member(name, id)));
    return members.filter(member => member !== undefined);
  }

  async leave(name: FleetName, id: ProcessId): Promise<void> {
    await this.#redis.del(fleetMember(name, id));
    await this.#redis.zrem(fleetKey(name), id);
  }

  async #member(name: FleetName, text: string): Promise<ListedMember | undefined> {
    const id = ProcessId.safeParse(text).data;
    if (id === undefined) return undefined;
    const key = fleetMember(name, id);
    const [fields, livesFor] = await Promise.all([this.#redis.hgetall(key), this.#redis.pttl(key)]);
    if (Object.keys(fields).length === 0) {
      await reap(this.#redis, [fleetKey(name), key], [id]);
      return undefined;
    }
    // A member of another version, with fields that we cannot read, counts as absent.
    const member = Member.safeParse(fields).data;
    return member && {...member, silentMs: FLEET_TTL_MS - livesFor};
  }
}
