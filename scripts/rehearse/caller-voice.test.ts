import {expect, test} from 'vitest';
import {silence, TestClient} from '../../simulators/openai/src/testing/test-client.ts';
import {recognise, utteranceOf} from './caller-voice.ts';

const SENTENCES = [
  'I would like to book a table for four people at half past seven this evening.',
  'Half past eight is fine, and my name is Larsen.',
  'No.',
  'This is a much longer sentence that nobody has ever recorded, and it goes on for as long as people do when they explain why they call.',
];

test.each(SENTENCES)('the scripted model hears “%s” as one turn, word for word', text => {
  const utterances = SENTENCES.map(utteranceOf);
  const client = TestClient.onThePhone({transcribe: turn => recognise(utterances, turn)});
  client.hear(Buffer.concat([silence(300), utteranceOf(text).audio, silence(900)]));
  expect(client.all('input_audio_buffer.committed')).toHaveLength(1);
  expect(client.session.items.map(item => item.text)[0]).toBe(text);
});

test('two sentences in one turn are heard in the order in which they were said', () => {
  const utterances = SENTENCES.map(utteranceOf);
  const [, second, third] = utterances;
  const audio = Buffer.concat([third!.audio, second!.audio]);
  expect(recognise(utterances, {audio})).toBe(`${third!.text} ${second!.text}`);
});
