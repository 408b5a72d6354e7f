import {expect, test} from 'vitest';
import {clips, readClip} from '../../../audio/clips.ts';
import {defaultConfig} from '../state/session-config.ts';
import {defaultScript} from './default-script.ts';
import type {Turn} from './model-script.ts';
import {speechOf} from './speech.ts';

const session = {id: 'sess_1', model: 'gpt-realtime-2.1', config: defaultConfig('gpt-realtime-2.1'), items: []};
const turn = (instructions: string): Turn => ({
  number: 1,
  kind: 'turn',
  session,
  instructions,
  metadata: null,
  callerTranscript: undefined,
});
const cutOff = (words: string) => turn(`Be kind.\n\nYour voice was cut off after the words: "${words}". Go on.`);

test('a caller whose sentence was cut off hears the rest of it', () => {
  const [part] = defaultScript(cutOff('Your table for four is booked'));
  expect(part).toEqual({say: 'assistant-booked', after: 'Your table for four is booked'});
  const {text, mulaw} = speechOf(part as {say: 'assistant-booked'; after: string}, false, () => 1);
  expect(text).toBe('for half past seven tonight. We will send you a text message to confirm it.');
  const whole = readClip('assistant-booked');
  const share = (text.length + 1) / clips['assistant-booked'].text.length;
  expect(whole.subarray(-mulaw.length).equals(mulaw)).toBe(true);
  expect(Math.abs(mulaw.length - whole.length * share) / 8).toBeLessThanOrEqual(200);
});

test('only the last words may be quoted', () => {
  expect(defaultScript(cutOff('for four is booked'))).toEqual([
    {say: 'assistant-booked', after: 'Your table for four is booked'},
  ]);
});

test.each(['words that it never says', clips['assistant-booked'].text])(
  'nothing is left to be said after %j, and the caller hears an answer as usual',
  words => {
    const [part] = defaultScript(cutOff(words));
    expect(part).not.toHaveProperty('after');
  },
);
