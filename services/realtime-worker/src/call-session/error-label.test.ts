import {expect, test} from 'vitest';
import {errorLabel} from './error-label.ts';

test('an operator sees the errors of the model by name, and no server can flood the metrics with names', () => {
  expect(errorLabel('insufficient_quota')).toBe('insufficient_quota');
  expect(errorLabel('resp_0123456789abcdef')).toBe('other');
  expect(errorLabel('')).toBe('other');
});
