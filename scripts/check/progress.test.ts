import {expect, test} from 'vitest';
import {endedIn} from './progress.ts';

test('a developer who waits for the check is told which part has ended, and which had nothing to do', () => {
  expect(endedIn('//:lint: cache miss, executing 651307c7bf8b6282')).toEqual({task: 'lint', unchanged: false});
  expect(endedIn('//:test:unit: cache hit, suppressing logs 3a3545425a09252f')).toEqual({
    task: 'test:unit',
    unchanged: true,
  });
});

test.each(['   • Running a, b, c in 2 packages', '//#lint:  WARNING  command finished with error', '', ' Tasks: 2'])(
  'a developer is not told of %j',
  line => {
    expect(endedIn(line)).toBeUndefined();
  },
);
