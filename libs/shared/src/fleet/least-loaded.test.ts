import {describe, expect, test} from 'vitest';
import {ProcessId} from '../protocol/ids.ts';
import type {Member} from './fleet.ts';
import {leastLoaded, withRoom} from './least-loaded.ts';

const member = (id: string, calls: number): Member => ({
  id: ProcessId.parse(id),
  calls,
  capacity: 10,
  state: 'ready',
  lagMs: 0,
  startedAt: 0,
});

/** How often each member was chosen, over evenly spread random numbers. */
function chosen(members: readonly Member[], choose = leastLoaded): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let n = 0; n < 100; n += 1) {
    let next = n / 100;
    const random = () => (next = (next * 7.13 + 0.37) % 1);
    const id = choose(members, random)?.id ?? 'nobody';
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts;
}

describe('when calls are assigned', () => {
  test('the next call goes to the least loaded worker', () => {
    expect(chosen([member('worker-aaaa', 2), member('worker-bbbb', 1), member('worker-cccc', 3)])).toEqual({
      'worker-bbbb': 100,
    });
  });

  test('a burst is spread over equally loaded workers, since their figures are a second old', () => {
    const counts = chosen([member('worker-aaaa', 0), member('worker-bbbb', 0)]);
    expect(counts['worker-aaaa']).toBeGreaterThan(25);
    expect(counts['worker-bbbb']).toBeGreaterThan(25);
  });

  test('the calls of a dead worker are spread over all workers with free places, in proportion to them', () => {
    const counts = chosen([member('worker-aaaa', 0), member('worker-bbbb', 5), member('worker-full', 10)], withRoom);
    expect(counts['worker-aaaa']).toBeGreaterThan(50);
    expect(counts['worker-bbbb']).toBeGreaterThan(25);
    expect(counts['worker-full']).toBeUndefined();
    expect(withRoom([member('worker-full', 10)], () => 0)?.id).toBe('worker-full');
    expect(withRoom([], () => 0)).toBeUndefined();
  });

  test('no worker is chosen where there is none', () => {
    expect(leastLoaded([], () => 0)).toBeUndefined();
  });
});
