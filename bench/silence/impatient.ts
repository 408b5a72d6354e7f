import type {ClipName} from '../../simulators/audio/clips.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {CallerScript, FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';
import type {Keys} from '../../tools/harness/evidence/odd-call.ts';

type Step = CallerScript[number];

/** After waiting this long for an answer, a caller speaks again or hangs up. */
const PATIENCE_MS = 30_000;
const CLIPS: readonly ClipName[] = ['caller-opening-hours', 'caller-yes', 'caller-book-table', 'caller-hello'];

/** A caller who speaks, interrupts, presses keys, and hangs up if not answered. `keys` is filled during the call. */
export function impatient(random: Random, clock: Clock): {script: CallerScript; keys: Keys[]} {
  const pressed: Keys[] = [];
  const steps: Step[] = [];
  for (let turns = random.whole(2, 4); turns > 0; turns -= 1) {
    const interrupts = random.between(0, 1) < 0.3;
    steps.push(within(PATIENCE_MS, call => call.hearsAssistant, clock));
    if (interrupts) steps.push({do: 'pause', ms: random.between(200, 1_500)});
    else steps.push(quiet(random.between(300, 900), clock));
    if (random.between(0, 1) < 0.2) steps.push(...presses(random, clock, pressed));
    else steps.push({do: 'say', clip: CLIPS[random.whole(0, CLIPS.length - 1)] ?? 'caller-yes'});
  }
  steps.push(
    within(PATIENCE_MS, call => call.hearsAssistant, clock),
    quiet(random.between(300, 900), clock),
    {do: 'hangUp'},
  );
  return {script: steps, keys: pressed};
}

/** Waits until the condition holds, but not longer. */
function within(most: Millis, isSo: (call: FakeCall) => boolean, clock: Clock): Step {
  let since: Millis | undefined;
  return {
    do: 'until',
    until: call => {
      since ??= clock.now();
      return isSo(call) || clock.now() - since >= most;
    },
  };
}

/** Waits until the assistant has been silent for a while. */
function quiet(ms: Millis, clock: Clock): Step {
  let heardAt: Millis | undefined;
  return within(
    PATIENCE_MS,
    call => {
      if (call.hearsAssistant) heardAt = undefined;
      else heardAt ??= clock.now();
      return heardAt !== undefined && clock.now() - heardAt >= ms;
    },
    clock,
  );
}

function presses(random: Random, clock: Clock, pressed: Keys[]): Step[] {
  let from: Millis = 0;
  const note = (run: () => void): Step => ({
    do: 'until',
    until: () => {
      run();
      return true;
    },
  });
  const steps = Array.from({length: random.whole(1, 4)}, (): Step[] => [
    {do: 'press', digit: String(random.whole(0, 9))},
    {do: 'pause', ms: random.between(150, 400)},
  ]).flat();
  return [
    note(() => (from = clock.now())),
    ...steps.slice(0, -1),
    note(() => pressed.push({after: 'key', from, to: clock.now()})),
  ];
}
