import {expect, test} from 'vitest';
import {RecentIds} from './recent-ids.ts';

test('a call of any length keeps only the ids that a late message can still be about', () => {
  const ids = new RecentIds(3);
  for (let call = 0; call < 1_000; call += 1) expect(ids.add(`r${call}`)).toBe(true);
  expect(['r996', 'r997', 'r998', 'r999'].map(id => ids.has(id))).toEqual([false, true, true, true]);
});

test('an id that is told again is known, and is not the next to be forgotten', () => {
  const ids = new RecentIds(2);
  ids.add('a');
  ids.add('b');
  expect(ids.add('a')).toBe(false);
  ids.add('c');
  expect(['a', 'b', 'c'].map(id => ids.has(id))).toEqual([true, false, true]);
});
