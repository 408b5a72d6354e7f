import {expect, test} from 'vitest';
import {Arrivals} from './arrivals.ts';

test('a test learns when nothing of a caller came, and not of the usual 20 ms', () => {
  const arrivals = new Arrivals();
  for (const at of [100, 120, 160, 400, 401, 420]) arrivals.note(at);
  expect(arrivals).toMatchObject({firstAt: 100, lastAt: 420, pauses: [{from: 160, until: 400}]});
});
