import {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {systemClock} from '@voicebridge/shared/time.ts';
import {expect, test} from 'vitest';
import {rehearse} from './rehearse.ts';

test.each([
  ['without a fleet key', []],
  ['with a fleet key', ['0123456789abcdef0123456789abcdef']],
])('an edge rehearses %s: invented calls move to another worker, two deaths in turn, and end', async (_, keys) => {
  const key = new FleetKey(keys, () => systemClock.wall());
  expect(await rehearse({key, clock: systemClock})).toBe(16);
});
