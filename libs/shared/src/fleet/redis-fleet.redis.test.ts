import {afterAll, describe, expect, inject, test} from 'vitest';
import {createLog} from '../observability/log.ts';
import {openRedis} from '../redis/connect.ts';
import {fleet as fleetKey, fleetMember, FLEET_TTL_MS} from '../redis/keys.ts';
import {describeFleet, member} from './fleet.contract.ts';
import {RedisFleet} from './redis-fleet.ts';

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
});
