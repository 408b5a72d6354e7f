import {expect, test} from 'vitest';
import type {Assistant} from '../assistant.ts';
import {usualAssistant} from '../testing/call.ts';
import {SpeakingAssistant} from './speaking-assistant.ts';

const floor = {
  mode: 'immediate',
  minSpeechMs: 0,
  greetingProtectedMs: 0,
  noiseMs: 350,
  uninterruptible: false,
} as const;
const reception: Assistant = {...usualAssistant, greeting: '', floor};
const billing: Assistant = {...reception, name: 'billing', instructions: 'You are billing.'};

/** A call of the reception, beside which these exist. */
const callBeside = (...others: readonly Assistant[]) =>
  new SpeakingAssistant(reception, {facts: {}}, wanted => others.find(({name}) => name === wanted));

test('the other assistant speaks from then on, in sessions with its own instructions', () => {
  const speaking = callBeside(billing);
  expect(speaking.sessionSettings.instructions).toBe(reception.instructions);
  expect(speaking.switchTo('billing')).toBe(billing);
  expect(speaking.current).toBe(billing);
  expect(speaking.sessionSettings.instructions).toBe('You are billing.');
});

test('an assistant that cannot take the call leaves it where it is, and the model is told why', () => {
  const speaking = callBeside({...billing, model: 'another'}, reception);
  const why = ['billing', 'nobody', reception.name].map(to => speaking.switchTo(to));
  expect(why).toEqual([
    'billing has another model',
    'there is no nobody any more',
    `you are ${reception.name} already`,
  ]);
  expect(speaking.current.name).toBe(reception.name);
});
