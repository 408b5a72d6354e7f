import {expect, test} from 'vitest';
import {OpenAIReader} from './server-events.ts';

test('an event of eight megabytes of brackets is reported and left out, because to parse it would stop every call', () => {
  expect(new OpenAIReader().read('['.repeat(7_900_000))).toEqual({
    events: [],
    problem: {event: 'other', detail: '7900000 characters with more than 50000 parts'},
  });
});

test('a long event with few parts is read', () => {
  const words = 'one, two, three. '.repeat(10_000);
  const text = JSON.stringify({
    type: 'response.output_audio_transcript.done',
    response_id: 'r1',
    item_id: 'i1',
    transcript: words,
  });
  const {events, problem} = new OpenAIReader().read(text);
  expect(problem).toBeUndefined();
  expect(events).toMatchObject([{type: 'words', itemId: 'i1', text: words}]);
});
