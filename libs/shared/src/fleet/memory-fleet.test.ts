import {expect, test} from 'vitest';
import {FakeClock} from '../testing/fake-clock.ts';
import {describeFleet, member} from './fleet.contract.ts';
import {MemoryFleet} from './memory-fleet.ts';

describeFleet('in memory', () => new MemoryFleet(new FakeClock()));

test('a member is removed after three seconds without an announcement', async () => {
  const clock = new FakeClock();
  const fleet = new MemoryFleet(clock);
  await fleet.announce('workers', member());
  clock.advance(2_999);
  expect(await fleet.members('workers')).toHaveLength(1);
  clock.advance(1);
  expect(await fleet.members('workers')).toEqual([]);
});
