import {afterAll, describe, expect, inject, test} from 'vitest';
import {createLog} from '../observability/log.ts';
import {FleetKey} from '../protocol/fleet-key.ts';
import {openRedis} from '../redis/connect.ts';
import {fleet as fleetKey, fleetMember, FLEET_TTL_MS} from '../redis/keys.ts';
import {describeFleet, member} from './fleet.contract.ts';
import {RedisFleet} from './redis-fleet.ts';

const ours = new FleetKey(['a key of this fleet'], Date.now);
const log = createLog('test', {level: 'silent'});

describe.each(inject('redisKinds'))('on $kind', ({kind, url}) => {
  const redis = openRedis(url, 'commands', log);
  afterAll(() => redis.disconnect());

  describeFleet(`in ${kind}`, () => new RedisFleet(redis));

  test('a process that reads the fleet removes members that are gone', async () => {
    const fleet = new RedisFleet(redis);
    const dead = member();
    await fleet.announce('workers', dead);
    expect(await redis.pttl(fleetMember('workers', dead.id))).toBeLessThanOrEqual(FLEET_TTL_MS);
    await redis.del(fleetMember('workers', dead.id));
    expect((await fleet.members('workers')).map(({id}) => id)).not.toContain(dead.id);
    expect(await redis.zscore(fleetKey('workers'), dead.id)).toBeNull();
  });

  test('a member of another version does not hide the others', async () => {
    const fleet = new RedisFleet(redis);
    const [odd, good] = [member(), member()];
    await fleet.announce('workers', odd);
    await fleet.announce('workers', good);
    await redis.hset(fleetMember('workers', odd.id), 'state', 'retired');
    const ids = (await fleet.members('workers')).map(({id}) => id);
    expect(ids).toContain(good.id);
    expect(ids).not.toContain(odd.id);
    await fleet.leave('workers', odd.id);
  });

  describeFleet(`in ${kind}, signed`, () => new RedisFleet(redis, ours));

  test('with a key, a member that somebody else has written or changed is absent, and counted', async () => {
    const key = new FleetKey(['a key of this fleet'], Date.now);
    const fleet = new RedisFleet(redis, key);
    let refused = 0;
    key.onRefused(() => (refused += 1));
    const [good, forged, changed] = [member(), member(), member()];
    await fleet.announce('edges', good);
    await new RedisFleet(redis).announce('edges', {...forged, url: 'wss://evil.example.net'});
    await fleet.announce('edges', changed);
    await redis.hset(fleetMember('edges', changed.id), 'url', 'wss://evil.example.net');
    const ids = (await fleet.members('edges')).map(({id}) => id);
    expect([good, forged, changed].map(({id}) => ids.includes(id))).toEqual([true, false, false]);
    // Members of other tests may be there, too.
    expect(refused).toBeGreaterThanOrEqual(2);
    for (const {id} of [good, forged, changed]) await fleet.leave('edges', id);
  });
});
