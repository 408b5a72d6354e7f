import type {CallerScript, FakeCall, FakeTwilio} from '../../simulators/twilio/src/fake-twilio.ts';

let dialled = 0;

/**
 * A caller who listens, and in each round interrupts once: 0.5 to 3 s after it has begun, or as soon after as the
 * assistant is to be heard.
 */
export function dialInterrupter(twilio: FakeTwilio, round: {readonly now: number}, rounds: number): FakeCall {
  dialled += 1;
  const script = Array.from({length: rounds}, (_, turn): CallerScript => [
    {do: 'until', until: () => round.now >= turn},
    {do: 'pause', ms: 500 + 2_500 * Math.random()},
    {do: 'interruptAfter', ms: 60, clip: 'caller-interrupts'},
  ]);
  return twilio.dial(script.flat(), {tag: dialled});
}
