/** After each test: nothing that it wrote to a log holds a key, a number or a card number of the canaries. */
import {afterEach, expect} from 'vitest';
import {takeLeaks} from '@voicebridge/shared/testing/canaries.ts';

afterEach(() => {
  expect(takeLeaks(), 'what may be in no log line').toEqual([]);
});
