import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {FleetKey, NO_FLEET_KEY, UNSIGNED} from './fleet-key.ts';

const now = 1_800_000_000_000;
const keyed = (...keys: string[]) => new FleetKey(keys, () => now);
const ours = keyed('the key of this fleet');

describe('a message between two processes of a fleet', () => {
  test('is accepted on its channel, and changed by one character nowhere', () => {
    fc.assert(
      fc.property(
        fc.record({text: fc.string(), number: fc.integer()}),
        fc.nat(),
        fc.integer({min: 1, max: 255}),
        (message, at, by) => {
          const sealed = ours.seal('worker:a:inbox', message);
          expect(JSON.parse(sealed)).toMatchObject(message);
          expect(ours.isSealed('worker:a:inbox', sealed)).toBe(true);
          expect(ours.isSealed('worker:b:inbox', sealed)).toBe(false);
          const place = at % sealed.length;
          const other = String.fromCharCode(sealed.charCodeAt(place) ^ by);
          // The last of the 43 characters of a signature stands for four bits only.
          if (place === sealed.length - 3) return;
          expect(ours.isSealed('worker:a:inbox', sealed.slice(0, place) + other + sealed.slice(place + 1))).toBe(false);
        },
      ),
    );
  });

  test('of another fleet, without a signature, or five minutes old, is refused', () => {
    const theirs = keyed('the key of another fleet').seal('channel', {type: 'take'});
    const old = new FleetKey(['the key of this fleet'], () => now - 300_001).seal('channel', {type: 'take'});
    for (const message of [theirs, old, '{"type":"take"}', '', '{}']) {
      expect(ours.isSealed('channel', message)).toBe(false);
    }
  });

  test('of a machine whose clock is wrong is refused with a word about clocks, a forged one without', () => {
    const ahead = new FleetKey(['the key of this fleet'], () => now + 3_600_000).seal('channel', {type: 'take'});
    expect(ours.whyNotSealed('channel', ahead)).toMatch(
      /^signed -3600 s ago by the clocks of the two machines: set them/,
    );
    const theirs = keyed('another').seal('channel', {type: 'take'});
    expect(ours.whyNotSealed('channel', theirs)).toBe('without the signature of this fleet');
  });

  test('is accepted while the key is rotated, first added and then put in front', () => {
    const [old, adding, moving, done] = [keyed('old'), keyed('old', 'new'), keyed('new', 'old'), keyed('new')];
    for (const [from, to] of [
      [old, adding],
      [adding, moving],
      [moving, adding],
      [moving, done],
    ] as const) {
      expect(to.isSealed('channel', from.seal('channel', {a: 1}))).toBe(true);
    }
    expect(done.isSealed('channel', old.seal('channel', {a: 1}))).toBe(false);
  });

  test('may be unsigned while a fleet is given its first key', () => {
    const [without, first] = [NO_FLEET_KEY, keyed('first', UNSIGNED)];
    expect(first.isSealed('channel', without.seal('channel', {a: 1}))).toBe(true);
    expect(without.isSealed('channel', first.seal('channel', {a: 1}))).toBe(true);
    expect(first.isSealed('channel', keyed('other').seal('channel', {a: 1}))).toBe(false);
    expect([first.isRequired, without.isRequired, ours.isRequired]).toEqual([false, false, true]);
  });
});
