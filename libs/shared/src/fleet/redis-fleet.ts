import {ProcessId} from '../protocol/ids.ts';
import {type FleetKey, NO_FLEET_KEY} from '../protocol/fleet-key.ts';
import type {RedisClient} from '../redis/connect.ts';
import {fleet as fleetKey, fleetMember, FLEET_TTL_MS, type FleetName} from '../redis/keys.ts';
import {script} from '../redis/scripts.ts';
import {Member, type Fleet, type ListedMember} from './fleet.ts';

/** Fields and values in turn, in an order of their own. */
function textOf(fields: readonly (string | number)[]): string {
  const pairs = fields.flatMap((field, at) => (at % 2 === 0 ? [`${field}=${fields[at + 1] ?? ''}`] : []));
  return pairs.toSorted().join('\n');
}

const announce = script('announce-2.lua', ['done']);
const reap = script('reap-2.lua', ['lives', 'done']);

/** The fleet in Redis, which all processes share. */
export class RedisFleet implements Fleet {
  readonly #redis: RedisClient;
  readonly #key: FleetKey;
  readonly #removesDead: boolean;

  /**
   * `key` signs what a member announces; one without the signature counts as absent. Without it nothing is signed.
   * `removesDead`: whether members that are gone without a word are removed from the list, which takes the right to write.
   */
  constructor(
    redis: RedisClient,
    key: FleetKey = NO_FLEET_KEY,
    {removesDead = true}: {readonly removesDead?: boolean} = {},
  ) {
    this.#redis = redis;
    this.#key = key;
    this.#removesDead = removesDead;
  }

  async announce(name: FleetName, member: Member): Promise<void> {
    const fields = Object.entries(member).flatMap(([field, value]) => (value === undefined ? [] : [field, value]));
    const key = fleetMember(name, member.id);
    const signature = this.#key.sign(key, textOf(fields));
    const signed = signature === undefined ? [] : ['signature', signature];
    const args = [member.id, member.calls, FLEET_TTL_MS, ...fields, ...signed];
    await announce(this.#redis, [fleetKey(name), key], args);
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
      if (this.#removesDead) await reap(this.#redis, [fleetKey(name), key], [id]);
      return undefined;
    }
    const {signature, ...said} = fields;
    if (!this.#key.accepts(key, textOf(Object.entries(said).flat()), signature)) return undefined;
    // A member of another version, with fields that we cannot read, counts as absent.
    const member = Member.safeParse(fields).data;
    return member && {...member, silentMs: FLEET_TTL_MS - livesFor};
  }
}
