import {expect, test} from 'vitest';
import {RemoteClock} from './remote-clock.ts';
import {RoundTrips} from './round-trips.ts';

test('a phone next door that returns its marks late has a round trip of nothing, and never less', () => {
  const trips = new RoundTrips(new RemoteClock());
  trips.add([1, 60, 80].map((trip, index) => ({trip, at: 1_000 * index + trip})));
  expect(trips.typical).toBe(0);
  expect(trips.average).toBeGreaterThanOrEqual(0);
});

test('the round trip of a phone whose marks are punctual is theirs', () => {
  const trips = new RoundTrips(new RemoteClock());
  for (let at = 0; at < 5_000; at += 1_000) trips.add([{trip: 80, at}]);
  expect(trips.typical).toBe(80);
});
