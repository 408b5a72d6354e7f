import {createLog} from '@voicebridge/shared/observability/log.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test} from 'vitest';
import {ProcessPauses} from './process-pauses.ts';

test('whoever measures a time learns how much of it this process did not run', () => {
  const clock = new FakeClock();
  using pauses = new ProcessPauses(clock, createLog('test', {level: 'silent'}));
  clock.advance(1_000);
  clock.oversleep(2_000);
  clock.advance(1_000);
  clock.oversleep(500);
  clock.advance(1_000);
  expect(pauses.last).toEqual({ms: 500, until: 4_500});
  expect([0, 2_000, 3_000, 4_200, 4_500].map(moment => pauses.pausedSince(moment))).toEqual([
    2_500, 1_500, 500, 300, 0,
  ]);
});
