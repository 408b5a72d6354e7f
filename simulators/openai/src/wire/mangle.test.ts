import {expect, test} from 'vitest';
import {damages, type Mutation} from '../knobs/mutation.ts';
import {fieldsOf, withDamage} from './mangle.ts';
import {silence, speech, TestClient} from '../testing/test-client.ts';
import type {Knobs} from '../knobs/knobs.ts';

const TURN = Buffer.concat([silence(200), speech(800), silence(700)]);

/** A call of a greeting and a turn, whose events go out as the knobs want. */
function heard(knobs: Partial<Knobs>, seed = 1): TestClient {
  const client = TestClient.onThePhone({seed, spoilt: true, knobs: {firstDeltaMs: [400, 400], ...knobs}});
  client.say('response.create');
  client.wait(10_000);
  client.hear(TURN);
  client.wait(20_000);
  return client;
}

const withMutation = (...mutations: Mutation[]) => heard({mutations});

test('a field of an event can be removed, nulled, or of another type, and its neighbours stay', () => {
  const [whole] = heard({}).all('response.done');
  const usage = (how: Mutation['how']) =>
    withMutation({event: 'response.done', path: 'response.usage.total_tokens', how}).all('response.done')[0]![
      'response'
    ].usage;
  const {total_tokens: _, ...others} = whole!['response'].usage;
  expect(usage('removed')).toEqual(others);
  expect(usage('null')).toEqual({...others, total_tokens: null});
  expect(usage('text')).toEqual({...others, total_tokens: 'seven'});
  expect(usage('fraction')).toEqual({...others, total_tokens: 1.5});
});

test('speech_started can lack its position', () => {
  const client = withMutation({event: 'input_audio_buffer.speech_started', path: 'audio_start_ms', how: 'removed'});
  expect(client.one('input_audio_buffer.speech_started')).toEqual({
    type: 'input_audio_buffer.speech_started',
    event_id: expect.any(String),
    item_id: expect.any(String),
  });
});

test('a path reaches into lists', () => {
  const client = withMutation({event: 'response.done', path: 'response.output.0.id', how: 'number'});
  expect(client.all('response.done').map(({response}) => response.output[0].id)).toEqual([7, 7]);
});

test('a whole event can be dropped, and a pattern matches several', () => {
  const client = withMutation({event: '*.delta', path: '', how: 'removed'});
  expect(client.frames.filter(({type}) => type.endsWith('.delta'))).toEqual([]);
  expect(client.all('response.done')).toHaveLength(2);
});

test('the server’s own memory is not damaged', () => {
  const client = withMutation({event: '*', path: '*', how: 'any'});
  expect(client.session.items.map(({role}) => role)).toEqual(['assistant', 'user', 'assistant']);
  expect(client.session.responses.map(({status}) => status)).toEqual(['completed', 'completed']);
});

test('by chance, any one field of a share of all events is damaged, the same with the same seed', () => {
  const mutations: Mutation[] = [{event: '*', path: '*', how: 'any', rate: 0.3}];
  const damaged = heard({mutations}, 5);
  expect(JSON.stringify(heard({mutations}, 5).frames)).toBe(JSON.stringify(damaged.frames));
  const whole = heard({}, 5);
  expect(damaged.frames).toHaveLength(whole.frames.length);
});

test('every field of an event can be named', () => {
  const event = {type: 'x', list: [{a: 1}], inner: {b: null}};
  expect(fieldsOf(event).map(path => path.join('.'))).toEqual([
    'type',
    'list',
    'list.0',
    'list.0.a',
    'inner',
    'inner.b',
  ]);
  for (const path of fieldsOf(event)) {
    for (const how of damages) {
      const spoilt = withDamage(event, path, how);
      if (how !== 'null' || path.at(-1) !== 'b') expect(spoilt).not.toEqual(event);
    }
  }
  expect(withDamage(event, ['inner', 'nothing', 'here'], 'null')).toEqual(event);
});

test('a server of the retired beta protocol uses its names', () => {
  const types = new Set(heard({betaNames: true}).frames.map(({type}) => type));
  for (const name of ['response.audio.delta', 'response.audio_transcript.done', 'conversation.item.created'])
    expect(types).toContain(name);
  expect([...types].filter(type => type.includes('output_audio') || type === 'conversation.item.added')).toEqual([]);
});
