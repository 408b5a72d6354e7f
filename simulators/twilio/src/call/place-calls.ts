import {sleep} from '@voicebridge/shared/retry.ts';
import {type Clock, type Millis, systemClock} from '@voicebridge/shared/time.ts';
import type {CallReport} from '../report/call-report.ts';
import type {CallerScript} from './fake-call.ts';
import type {FakeTwilio} from '../fake-twilio.ts';

export interface PlaceCallsOptions {
  readonly calls: number;
  /** The calls begin evenly over this time. */
  readonly ramp: Millis;
  /** Each caller hangs up after this long. */
  readonly length: Millis;
  readonly script: CallerScript;
  readonly keepAudio: boolean;
  /** Who calls; a number drawn at random for each if not given. */
  readonly from?: string;
  readonly clock?: Clock;
}

/** Many callers dial, stay, and hang up. Resolves with what each of them lived through. */
export function placeCalls(twilio: FakeTwilio, options: PlaceCallsOptions): Promise<CallReport[]> {
  const {calls, ramp, length, script, keepAudio, from, clock = systemClock} = options;
  return Promise.all(
    Array.from({length: calls}, async (_, index) => {
      await sleep(clock, (ramp * index) / Math.max(1, calls));
      const call = twilio.dial(script, {keepAudio, ...(from === undefined ? {} : {from})});
      const cancel = clock.after(length, () => call.hangUp());
      const report = await call.ended;
      cancel();
      return report;
    }),
  );
}
