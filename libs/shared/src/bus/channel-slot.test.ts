import {expect, test} from 'vitest';
import {slotOf} from './channel-slot.ts';

// As CLUSTER KEYSLOT of a Redis 7 says.
test.each([
  ['123456789', 12_739],
  ['foo', 12_182],
  ['media:{MZ1}:up', 6_394],
  ['media:{MZ1}:down', 6_394],
  ['fleet:{workers}', 2_466],
  ['fleet:{edges}', 3_448],
  ['{vb}', 11_803],
  ['calls:{open}', 11_395],
  ['{}whole', 10_188],
  ['a{b', 13_340],
  ['grüße', 3_194],
])('the slot of %s is %i', (name, slot) => {
  expect(slotOf(name)).toBe(slot);
});
