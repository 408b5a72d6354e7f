import {expect, test} from 'vitest';
import {errorLabel} from './error-label.ts';

test('known model errors are metric labels by name, and unknown ones become other', () => {
  expect(errorLabel('insufficient_quota')).toBe('insufficient_quota');
  expect(errorLabel('resp_0123456789abcdef')).toBe('other');
  expect(errorLabel('')).toBe('other');
});
