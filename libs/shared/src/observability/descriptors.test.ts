import {expect, test} from 'vitest';
import {FakeClock} from '../testing/fake-clock.ts';
import {Descriptors, type DescriptorCount} from './descriptors.ts';

test('a process says that its descriptors are scarce while twenty are left, and no longer when sockets were closed', () => {
  const clock = new FakeClock();
  let count: DescriptorCount | undefined = {open: 30, limit: 60};
  using descriptors = new Descriptors(clock, () => count);
  expect(descriptors.scarce).toBeUndefined();
  count = {open: 40, limit: 60};
  clock.advance(1_000);
  expect(descriptors.scarce).toBe('40 of 60 descriptors are open: raise the limit (ulimit -n), or lower MAX_CALLS');
  count = {open: 39, limit: 60};
  clock.advance(1_000);
  expect(descriptors.scarce).toBeUndefined();
});

test('a process on a system that does not tell its descriptors takes calls', () => {
  using descriptors = new Descriptors(new FakeClock(), () => undefined);
  expect(descriptors.scarce).toBeUndefined();
});
