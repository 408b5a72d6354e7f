import {createLog} from '@voicebridge/shared/observability/log.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test} from 'vitest';
import {ModelStarts} from './model-starts.ts';

/** Three calls of a dead worker; each can be heard by the test, and notes when its session was opened. */
function threeCalls() {
  const clock = new FakeClock();
  const starts = new ModelStarts(clock, createLog('test', {level: 'silent'}));
  const started: number[] = [];
  const calls = [0, 1, 2].map(which => {
    const {promise: heard, resolve: hear} = Promise.withResolvers<void>();
    return {heard, hear, startModel: async () => void started.push(which)};
  });
  return {clock, starts, started, calls};
}

test('no session is opened before every caller of the dead worker is heard', async () => {
  const {clock, starts, started, calls} = threeCalls();
  const taken = calls.map(() => starts.taking());
  taken[0]?.(calls[0]);
  calls[0]?.hear();
  await clock.advanceAsync(20, 5);
  taken[1]?.(calls[1]);
  await clock.advanceAsync(20, 5);
  taken[2]?.(undefined); // another worker was faster
  await clock.advanceAsync(20, 5);
  expect(started).toEqual([]);
  calls[1]?.hear();
  await clock.advanceAsync(20, 5);
  expect(started).toEqual([0, 1]);
});

test('a caller waits 200 ms for the others to be heard, and no longer', async () => {
  const {clock, starts, started, calls} = threeCalls();
  const taken = calls.map(() => starts.taking());
  taken[0]?.(calls[0]);
  calls[0]?.hear();
  taken[1]?.(calls[1]);
  await clock.advanceAsync(195, 5);
  expect(started).toEqual([]);
  await clock.advanceAsync(20, 5);
  expect(started).toEqual([0, 1]);
});
