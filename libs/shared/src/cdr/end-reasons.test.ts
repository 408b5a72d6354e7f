import {expect, test} from 'vitest';
import {END_REASONS, EndReason} from './end-reasons.ts';

test('an operator reads in the first word of an end reason who ended the call', () => {
  for (const [reason, {endedBy}] of Object.entries(END_REASONS)) expect(reason.split('.')[0]).toBe(endedBy);
});

test('an operator finds a call among the failures only where the platform ended it', () => {
  const failures = EndReason.options.filter(reason => END_REASONS[reason].isFailure);
  expect(failures).toEqual(EndReason.options.filter(reason => reason.startsWith('platform.')));
});
