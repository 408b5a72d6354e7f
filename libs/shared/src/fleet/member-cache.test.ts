import {expect, test} from 'vitest';
import {ProcessId} from '../protocol/ids.ts';
import {FakeClock} from '../testing/fake-clock.ts';
import type {Member} from './fleet.ts';
import {MemberCache} from './member-cache.ts';

const member = (id: string, calls: number): Member => ({
  id: ProcessId.parse(id),
  calls,
  capacity: 10,
  state: 'ready',
  lagMs: 0,
  startedAt: 0,
});

test('many simultaneous requests are spread over the members without another look-up', async () => {
  let looks = 0;
  const truth = [member('worker-aaaa', 0), member('worker-bbbb', 2)];
  const fleet = {members: async () => ((looks += 1), truth)};
  using recent = new MemberCache(fleet, 'workers', new FakeClock());
  const chosen: string[] = [];
  for (let workerClient = 0; workerClient < 6; workerClient += 1) {
    const members = await recent.members('workers');
    chosen.push(members.toSorted((a, b) => a.calls - b.calls)[0]!.id);
  }
  expect(looks).toBe(1);
  expect(chosen.filter(id => id === 'worker-aaaa')).toHaveLength(4);
  expect(chosen.filter(id => id === 'worker-bbbb')).toHaveLength(2);
});

test('old figures are looked up again, and a fleet that cannot be read rejects', async () => {
  const clock = new FakeClock();
  let away = false;
  const fleet = {
    members: async () => {
      if (away) throw new Error('away');
      return [member('worker-aaaa', 0)];
    },
  };
  using recent = new MemberCache(fleet, 'workers', clock);
  await recent.members('workers');
  away = true;
  await clock.advanceAsync(2_400, 100);
  expect(await recent.members('workers')).toHaveLength(1);
  await clock.advanceAsync(200, 100);
  await expect(recent.members('workers')).rejects.toThrow('away');
});

test('figures are kept fresh while a call may need them, so that a dead worker is replaced without asking Redis', async () => {
  const clock = new FakeClock();
  let looks = 0;
  const fleet = {members: async () => ((looks += 1), [member('worker-aaaa', 0)])};
  using recent = new MemberCache(fleet, 'workers', clock);
  await clock.advanceAsync(10_000, 100);
  expect(looks).toBe(0);
  recent.keepFresh(true);
  recent.keepFresh(true);
  await clock.advanceAsync(5_000, 100);
  expect(looks).toBe(21);
  await recent.members('workers');
  expect(looks).toBe(21);
  recent.keepFresh(false);
  await clock.advanceAsync(2_000, 100);
  expect(looks).toBe(21);
});

test('a fleet of many is looked up less often, so that Redis does no more for it, and never too late', async () => {
  const looksOf = async (count: number) => {
    const clock = new FakeClock();
    let looks = 0;
    const all = Array.from({length: count}, (_, index) => member(`worker-${String(index).padStart(4, '0')}`, 0));
    const fleet = {members: async () => ((looks += 1), all)};
    using cache = new MemberCache(fleet, 'workers', clock);
    cache.keepFresh(true);
    await clock.advanceAsync(20_000, 25);
    const before = looks;
    await cache.members('workers');
    expect(looks).toBe(before);
    return looks;
  };
  expect(await looksOf(3)).toBeGreaterThan(75);
  expect(await looksOf(32)).toBeLessThan(25);
  expect(await looksOf(500)).toBeGreaterThan(8);
});
