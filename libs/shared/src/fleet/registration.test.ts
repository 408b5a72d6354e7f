import {expect, test} from 'vitest';
import {createLog} from '../observability/log.ts';
import {FakeClock} from '../testing/fake-clock.ts';
import {member} from './fleet.contract.ts';
import {MemoryFleet} from './memory-fleet.ts';
import {registerMember} from './registration.ts';

const log = createLog('test', {level: 'silent'});

test('a process is in the fleet from its start to its end, with its latest figures', async () => {
  const clock = new FakeClock();
  const fleet = new MemoryFleet(clock);
  let me = member();
  const registration = await registerMember({fleet, name: 'edges', clock, log, member: () => me});
  expect(await fleet.members('edges')).toMatchObject([me]);
  me = {...me, calls: 4};
  await clock.advanceAsync(10_000, 500);
  expect(await fleet.members('edges')).toMatchObject([me]);
  me = {...me, state: 'draining'};
  await registration.announce();
  expect(await fleet.members('edges')).toMatchObject([me]);
  await registration[Symbol.asyncDispose]();
  await registration.announce();
  expect(await fleet.members('edges')).toEqual([]);
  expect(clock.waiting).toBe(0);
});

test('a process comes back into the fleet within a fifth of a second after Redis was unavailable', async () => {
  const clock = new FakeClock();
  const fleet = new MemoryFleet(clock);
  const announce = fleet.announce.bind(fleet);
  fleet.announce = () => Promise.reject(new Error('away'));
  const me = member();
  await registerMember({fleet, name: 'edges', clock, log, member: () => me});
  expect(await fleet.members('edges')).toEqual([]);
  fleet.announce = announce;
  await clock.advanceAsync(200, 50);
  expect(await fleet.members('edges')).toMatchObject([me]);
});
