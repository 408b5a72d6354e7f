import {expect, test} from 'vitest';
import {endedIn} from './progress.ts';

test('a developer who waits for the check sees which part has ended and which was cached', () => {
  expect(endedIn('//:lint: cache miss, executing 651307c7bf8b6282')).toEqual({task: 'lint', unchanged: false});
  expect(endedIn('//:test:unit: cache hit, suppressing logs 3a3545425a09252f')).toEqual({
    task: 'test:unit',
    unchanged: true,
  });
});

test.each(['   • Running a, b, c in 2 packages', '//#lint:  WARNING  command finished with error', '', ' Tasks: 2'])(
  'the line %j is not shown to a developer',
  line => {
    expect(endedIn(line)).toBeUndefined();
  },
);
