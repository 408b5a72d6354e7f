import {describe, test, vi} from 'vitest';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';

/** When in the sentence the frames stop, and for how long. */
const SPEAKS_MS = 1_500;
const STOP_MS = 4_000;
const model = {MODEL_FIRST_DELTA_MS: '200', MODEL_SPEED: '5'};

describe.concurrent('a caller whose frames stop in mid-sentence', () => {
  test.for(['goOn', 'stand'] as const)(
    'is answered while none arrive, and heard again when they do (timestamps %s)',
    async (timestamps, {expect}) => {
      await using fleet = await ProcessFleet.start({edges: 1, workers: 1, model});
      const call = fleet.twilio.dial([
        {do: 'waitForSilence', ms: 300},
        {do: 'lose', after: SPEAKS_MS, ms: STOP_MS, timestamps},
        {do: 'say', clip: 'caller-opening-hours'},
        {do: 'waitForAssistant'},
        {do: 'waitForSilence', ms: 300},
        {do: 'say', clip: 'caller-goodbye'},
        {do: 'waitForSilence', ms: 300},
        {do: 'hangUp'},
      ]);
      const spoke = Promise.withResolvers<number>();
      const audible: number[] = [];
      call.on(event => {
        if (event.type === 'callerSpeaks') spoke.resolve(event.at);
        if (event.type === 'audible') audible.push(event.at);
      });
      const stoppedAt = (await spoke.promise) + SPEAKS_MS;
      await vi.waitFor(() => expect(audible.some(at => at > stoppedAt)).toBe(true), {timeout: 30_000, interval: 20});
      const report = await call.ended;
      expect(audible.find(at => at > stoppedAt)! - stoppedAt).toBeLessThan(STOP_MS);
      expect(report.endedBy).not.toBe('network');
      const [session] = await fleet.sessions();
      expect(session?.speech.length).toBe(2);
      expect(session?.refusals).toEqual([]);
    },
  );
});
