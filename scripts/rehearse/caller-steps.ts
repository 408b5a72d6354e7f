import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallerScript} from '../../simulators/twilio/src/fake-twilio.ts';
import type {CallerDoes} from './call-file.ts';
import {utteranceOf} from './caller-voice.ts';

/** So long must the assistant have been silent before the caller takes the turn. */
const TURN_AFTER: Millis = 700;
const BETWEEN_KEYS: Millis = 200;
/** A caller with nothing left to do waits so long for the assistant to hang up, and then hangs up. */
const PATIENCE: Millis = 15_000;

/** What the simulated phone does. Who has waited by the clock (`waits`) does not wait for the assistant too. */
export function callerSteps(does: readonly CallerDoes[]): CallerScript {
  const steps = does.flatMap((one, index) => {
    const before = does[index - 1];
    return stepsOf(one, before !== undefined && 'waits' in before);
  });
  const last = does.at(-1);
  if (last !== undefined && 'hangsUp' in last) return steps;
  return [...steps, {do: 'pause', ms: PATIENCE}, {do: 'hangUp'}];
}

function stepsOf(one: CallerDoes, atOnce: boolean): CallerScript {
  if ('waits' in one) return [{do: 'pause', ms: one.waits}];
  if ('interruptsAfter' in one) return [{do: 'waitForAssistant', speakingFor: one.interruptsAfter}, sayStep(one.says)];
  // Who was sent to a person is silent meanwhile, too: their turn comes when the assistant is back and has spoken.
  const silence = {do: 'waitForSilence', ms: TURN_AFTER} as const;
  const turn: CallerScript = atOnce ? [] : [silence, {do: 'until', until: call => call.heardOnThisStream}, silence];
  if ('says' in one) return [...turn, sayStep(one.says)];
  if ('hangsUp' in one) return [...turn, {do: 'hangUp'}];
  const keys = Array.from(one.presses).flatMap((digit): CallerScript => [
    {do: 'press', digit},
    {do: 'pause', ms: BETWEEN_KEYS},
  ]);
  return [...turn, ...keys.slice(0, -1)];
}

function sayStep(says: string): CallerScript[number] {
  const {text, audio} = utteranceOf(says);
  return {do: 'say', audio, name: text};
}

/** Everything that the caller says, in order. */
export function saidBy(does: readonly CallerDoes[]): readonly string[] {
  return does.flatMap(one => ('says' in one ? [one.says] : []));
}
