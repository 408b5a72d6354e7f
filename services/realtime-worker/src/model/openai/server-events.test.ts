import {describe, expect, test} from 'vitest';
import {OpenAIReader} from './server-events.ts';

test('an event of eight megabytes of brackets is reported and left out, because to parse it would stop every call', () => {
  expect(new OpenAIReader().read('['.repeat(7_900_000))).toEqual({
    events: [],
    problem: {event: 'other', detail: '7900000 characters with too many or too deep lists and objects'},
  });
});

test('a session whose tools are too many to be read again is ready all the same, and that is reported', () => {
  const tools = `[${'{"type":"function","parameters":{}},'.repeat(20_000)}0]`;
  const text = `{"type":"session.updated","event_id":"e1","session":{"tools":${tools}}}`;
  expect(new OpenAIReader().read(text)).toMatchObject({
    events: [{type: 'ready'}],
    problem: {event: 'session.updated', detail: expect.stringContaining('too many')},
  });
});

test('brackets beside the audio of an event are left out as well', () => {
  const text = `{"type":"response.output_audio.delta","delta":"AAAA","extra":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  expect(new OpenAIReader().read(text)).toMatchObject({events: [], problem: {event: 'other'}});
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

test('ids of megabytes are replaced by short ones of ours, because ids are remembered for as long as the call lasts', () => {
  const reader = new OpenAIReader();
  const long = 'x'.repeat(1_000_000);
  const texts = [
    {type: 'response.created', response: {id: long, metadata: {tag: long}}},
    {type: 'response.output_audio.delta', response_id: long, item_id: long, delta: 'AAAA'},
    {type: 'response.output_audio_transcript.done', response_id: long, item_id: long, transcript: 'hello'},
    {type: 'input_audio_buffer.speech_started', item_id: long, audio_start_ms: 1},
    {type: 'conversation.item.added', item: {id: long}},
    {type: 'response.function_call_arguments.done', item_id: 'i', call_id: 'c', name: long, arguments: long},
    {type: 'conversation.item.done', item: {type: 'mcp_call', id: long, name: long, server_label: long, output: 'o'}},
    {type: 'error', error: {code: long, event_id: long, message: long}},
    {type: 'response.done', response: {id: long, status: 'completed'}},
  ];
  const events = texts.flatMap(event => reader.read(JSON.stringify(event)).events);
  expect(JSON.stringify(events).length).toBeLessThan(3_000);
  expect(events.map(({type}) => type)).toEqual(
    expect.arrayContaining(['responseStarted', 'audio', 'words', 'callerSpoke', 'toolCalled', 'responseEnded']),
  );
});

test('a minute of audio in the largest format goes on in pieces, and more in one event is left out', () => {
  const minute = Buffer.alloc(2_880_000, 0x55).toString('base64');
  const read = (delta: string) =>
    new OpenAIReader().read(
      JSON.stringify({type: 'response.output_audio.delta', response_id: 'r1', item_id: 'i1', delta}),
    );
  const pieces = read(minute).events.flatMap(event => (event.type === 'audio' ? [event.payload] : []));
  expect(pieces.join('')).toBe(minute);
  expect(Math.max(...pieces.map(piece => Buffer.from(piece, 'base64').length))).toBe(48_000);
  expect(read(`${minute}AAAA`)).toMatchObject({events: [], problem: {detail: 'missing or of another type: delta'}});
});

describe('the turns of a server that never says that it committed one', () => {
  const stopped = (item: string) => ({type: 'input_audio_buffer.speech_stopped', item_id: item, audio_end_ms: 900});
  const spoke = (item: string) => ({type: 'input_audio_buffer.speech_started', item_id: item, audio_start_ms: 100});
  const committed = (item: string) => ({type: 'input_audio_buffer.committed', item_id: item});
  const words = (item: string) => ({
    type: 'conversation.item.input_audio_transcription.completed',
    item_id: item,
    transcript: 'Hello?',
  });
  const created = (id: string) => ({type: 'response.created', response: {id}});
  const read = (...events: readonly object[]) => {
    const reader = new OpenAIReader();
    return events.flatMap(event => reader.read(JSON.stringify(event)).events.map(({type}) => type));
  };

  test('are committed when their transcript or a response shows it, and the next ones when the caller stops', () => {
    const first = ['callerSpoke', 'callerStopped', 'turnCommitted'];
    expect(read(spoke('a'), stopped('a'), words('a'), created('r'), spoke('b'), stopped('b'), created('s'))).toEqual([
      ...first,
      'callerWords',
      'responseStarted',
      ...first,
      'responseStarted',
    ]);
    expect(read(spoke('a'), stopped('a'), created('r'), words('a'))).toEqual([
      ...first,
      'responseStarted',
      'callerWords',
    ]);
  });

  test('are not committed before the caller stops, nor by a transcript of an earlier turn', () => {
    expect(read(spoke('a'), created('r'), words('a'))).toEqual(['callerSpoke', 'responseStarted', 'callerWords']);
    expect(read(spoke('b'), stopped('b'), words('a'))).toEqual(['callerSpoke', 'callerStopped', 'callerWords']);
  });

  test('are committed once if the server says so late, and from then on it is waited for', () => {
    expect(
      read(spoke('a'), stopped('a'), created('r'), committed('a'), spoke('b'), stopped('b'), committed('b')),
    ).toEqual([
      'callerSpoke',
      'callerStopped',
      'turnCommitted',
      'responseStarted',
      'callerSpoke',
      'callerStopped',
      'turnCommitted',
    ]);
  });
});
