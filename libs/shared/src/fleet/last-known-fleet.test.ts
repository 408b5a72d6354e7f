import {beforeEach, expect, test} from 'vitest';
import {ProcessId} from '../protocol/ids.ts';
import {FakeClock, flushPromises} from '../testing/fake-clock.ts';
import type {ListedMember} from './fleet.ts';
import {LastKnownFleet} from './last-known-fleet.ts';

const member = (name: string): ListedMember => ({
  id: ProcessId.parse(`worker-${name}`),
  calls: 0,
  capacity: 10,
  state: 'ready',
  lagMs: 0,
  startedAt: 0,
});

let clock: FakeClock;
let answer: () => Promise<readonly ListedMember[]>;
let fleet: LastKnownFleet;
beforeEach(() => {
  clock = new FakeClock();
  fleet = new LastKnownFleet({members: () => answer()}, clock);
});

/** What a caller's question gives after so many milliseconds. */
async function after(ms: number) {
  let found: readonly string[] | undefined;
  void fleet.members('workers').then(members => (found = members.map(({id}) => id)));
  await flushPromises();
  clock.advance(ms);
  await flushPromises();
  return found;
}

test('a caller gets the members that Redis lists now', async () => {
  answer = async () => [member('aaaa')];
  expect(await after(0)).toEqual(['worker-aaaa']);
  answer = async () => [member('bbbb')];
  expect(await after(0)).toEqual(['worker-bbbb']);
});

test('while the shard of the list is away a caller waits 150 ms, and gets the members of before', async () => {
  answer = async () => [member('aaaa')];
  await after(0);
  answer = () => new Promise(() => {});
  expect(await after(140)).toBeUndefined();
  expect(await after(10)).toEqual(['worker-aaaa']);
  // Later callers do not wait for that shard until it has answered again.
  expect(await after(0)).toEqual(['worker-aaaa']);
  answer = async () => [member('bbbb')];
  expect(await after(0)).toEqual(['worker-bbbb']);
  answer = () => new Promise(() => {});
  expect(await after(149)).toBeUndefined();
  answer = () => Promise.reject(new Error('CLUSTERDOWN'));
  expect(await after(0)).toEqual(['worker-bbbb']);
});

test('a list that is older than ten seconds is not used', async () => {
  answer = async () => [member('aaaa')];
  await after(0);
  clock.advance(10_001);
  answer = () => new Promise(() => {});
  expect(await after(5_000)).toBeUndefined();
});
