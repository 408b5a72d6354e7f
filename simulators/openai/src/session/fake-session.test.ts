import {expect, test} from 'vitest';
import {readTagRuns} from '../audio/tagged-audio.ts';
import {silence, speech, TestClient, type Frame} from '../testing/test-client.ts';

const error = (frames: readonly Frame[]) => frames.find(({type}) => type === 'error')?.['error'];

test('the first frame is session.created with the whole configuration and an end in 3600 seconds', () => {
  const client = new TestClient();
  const [first, ...more] = client.frames;
  expect(more).toEqual([]);
  expect(first).toMatchObject({
    type: 'session.created',
    session: {
      type: 'realtime',
      object: 'realtime.session',
      model: 'gpt-realtime-2.1',
      audio: {output: {voice: 'marin'}},
    },
  });
  expect(first?.['session'].expires_at).toBe(Math.floor(client.clock.wall() / 1000) + 3600);
  expect(first?.event_id).toMatch(/^event_\w{21}$/);
});

test('an update is answered with the whole configuration, and never moves the end of the session', () => {
  const client = new TestClient();
  client.wait(5_000);
  client.say('session.update', {session: {type: 'realtime', audio: {output: {format: {type: 'audio/pcmu'}}}}});
  const {session} = client.one('session.updated');
  expect(session.audio.output).toEqual({format: {type: 'audio/pcmu'}, voice: 'marin', speed: 1});
  expect(session.expires_at).toBe(client.one('session.created')['session'].expires_at);
});

test.for([
  [{temperature: 0.8}, 'session.temperature'],
  [{voice: 'alloy'}, 'session.voice'],
  [{input_audio_format: 'g711_ulaw'}, 'session.input_audio_format'],
  [
    {audio: {input: {turn_detection: {type: 'server_vad', patience: 3}}}},
    'session.audio.input.turn_detection.patience',
  ],
  [{audio: {input: {format: {type: 'audio/pcmu', rate: 8000}}}}, 'session.audio.input.format.rate'],
  [{tools: [{type: 'function', name: 'f', strict: true}]}, 'session.tools[0].strict'],
] as const)('an update with an unknown parameter is refused whole: %j', ([update, param]) => {
  const client = new TestClient();
  const before = client.session.config;
  const frames = client.say('session.update', {session: {type: 'realtime', instructions: 'new', ...update}});
  expect(frames.map(({type}) => type)).toEqual(['error']);
  expect(error(frames)).toMatchObject({
    type: 'invalid_request_error',
    code: 'unknown_parameter',
    message: `Unknown parameter: '${param}'.`,
    param,
  });
  expect(client.session.config).toBe(before);
});

test('an update without a type is refused', () => {
  const client = new TestClient();
  expect(error(client.say('session.update', {session: {instructions: 'new'}}))).toMatchObject({
    code: 'missing_required_parameter',
    param: 'session.type',
  });
});

test.for([
  [{input: {turn_detection: {type: 'server_vad', idle_timeout_ms: 4_000}}}, 'integer_below_min_value'],
  [{input: {turn_detection: {type: 'server_vad', idle_timeout_ms: 30_001}}}, 'integer_above_max_value'],
  [{input: {turn_detection: {type: 'server_vad', threshold: 1.1}}}, 'decimal_above_max_value'],
  [{output: {speed: 1.6}}, 'decimal_above_max_value'],
  [{output: {speed: 0.2}}, 'decimal_below_min_value'],
  [{input: {turn_detection: {type: 'magic_vad'}}}, 'invalid_value'],
  [{input: {format: {type: 'g711_ulaw'}}}, 'invalid_value'],
] as const)('a value out of bounds is refused: %j', ([audio, code]) => {
  const client = new TestClient();
  expect(error(client.say('session.update', {session: {type: 'realtime', audio}}))).toMatchObject({code});
});

test('both modalities at once are refused', () => {
  const client = new TestClient();
  const session = {type: 'realtime', output_modalities: ['audio', 'text']};
  expect(error(client.say('session.update', {session}))).toMatchObject({code: 'invalid_value'});
});

test('an error carries the event id of the client if there is one', () => {
  const client = new TestClient();
  expect(error(client.say('response.cancel', {event_id: 'mine'}))['event_id']).toBe('mine');
  expect(error(client.say('response.cancel'))['event_id']).toBeNull();
});

test('unreadable input is refused and the session stays open', () => {
  const client = new TestClient();
  expect(error(client.say('response.sing'))).toMatchObject({code: 'invalid_value', param: 'type'});
  client.session.receive('not JSON');
  client.session.receive('{"event_id":"e"}');
  expect(client.all('error').map(({error}) => error.code)).toEqual(['invalid_value', 'invalid_event', 'invalid_event']);
  expect(client.closed).toBeUndefined();
  client.say('input_audio_buffer.append', {audio: '***'});
  client.say('input_audio_buffer.append', {audio: 'AAAA', voice: 'x'});
  client.say('output_audio_buffer.clear');
  expect(client.session.refusals.map(({code}) => code).slice(3)).toEqual([
    'invalid_value',
    'unknown_parameter',
    'invalid_value',
  ]);
});

test('refusals are kept with the event that earned them', () => {
  const client = new TestClient();
  client.say('conversation.item.delete', {item_id: 'nobody'});
  expect(client.session.refusals).toEqual([
    {
      at: 0,
      code: 'item_delete_invalid_item_id',
      message: "Error deleting item: the item with id 'nobody' does not exist.",
      param: null,
      clientEvent: '{"type":"conversation.item.delete","item_id":"nobody"}',
    },
  ]);
});

test('at the end of its life a session says so and closes', () => {
  const client = new TestClient({knobs: {sessionSeconds: 60}});
  client.wait(59_999);
  expect(client.closed).toBeUndefined();
  client.wait(1);
  const text = 'Your session hit the maximum duration of 60 minutes.';
  expect(client.one('error')['error']).toMatchObject({code: 'session_expired', message: text});
  expect(client.closed).toEqual({code: 1001, reason: text});
});

test('a session can end without an event', () => {
  const client = new TestClient({knobs: {sessionSeconds: 60, closeWithoutError: true}});
  client.wait(60_000);
  expect(client.all('error')).toEqual([]);
  expect(client.closed?.code).toBe(1001);
});

test('a closed session leaves no timer behind', () => {
  const client = TestClient.onThePhone({}, {type: 'server_vad', idle_timeout_ms: 5_000});
  client.say('response.create');
  client.wait(1_000);
  client.session.ended(1006);
  expect(client.clock.waiting).toBe(0);
  expect(client.session.closedAt).toBe(1_000);
});

const message = (role: string, type: string, text: string) => ({type: 'message', role, content: [{type, text}]});

test('history is taken back item by item, each acknowledged twice, with the ids of the client', () => {
  const client = TestClient.onThePhone();
  client.say('conversation.item.create', {item: {id: 'one', ...message('user', 'input_text', 'Hello')}});
  client.say('conversation.item.create', {item: {id: 'two', ...message('assistant', 'output_text', 'Good day')}});
  client.say('conversation.item.create', {previous_item_id: 'one', item: message('system', 'input_text', 'Be brief')});
  expect(client.frames.map(({type}) => type)).toEqual(
    Array.from({length: 3}, () => ['conversation.item.added', 'conversation.item.done']).flat(),
  );
  expect(client.session.items.map(({role, text}) => [role, text])).toEqual([
    ['user', 'Hello'],
    ['system', 'Be brief'],
    ['assistant', 'Good day'],
  ]);
  expect(client.session.refusals).toEqual([]);
});

test('a restored conversation is not greeted again', () => {
  const kinds: string[] = [];
  const client = TestClient.onThePhone({
    script: ({kind}) => {
      kinds.push(kind);
      return [];
    },
  });
  client.say('conversation.item.create', {item: message('assistant', 'output_text', 'Good day')});
  client.say('conversation.item.create', {item: message('user', 'input_text', 'Hello')});
  client.say('response.create');
  client.until('response.done');
  expect(kinds).toEqual(['turn']);
});

test('an assistant’s audio cannot be given back', () => {
  const client = TestClient.onThePhone();
  const item = {type: 'message', role: 'assistant', content: [{type: 'output_audio', transcript: 'Good day'}]};
  expect(error(client.say('conversation.item.create', {item}))).toMatchObject({
    code: 'missing_required_parameter',
    param: 'item.content[0].text',
  });
});

function spoken(ms: number): TestClient {
  const knobs = {tagged: true, firstDeltaMs: [100, 100], speed: [10, 10], stragglers: [3, 3]} as const;
  const client = TestClient.onThePhone({knobs, script: [[{say: {text: 'a b c d', audioMs: ms}}]]});
  client.say('response.create');
  return client;
}

test('a truncated item loses the rest of its audio and its whole transcript', () => {
  const client = spoken(5_000);
  client.until('response.done');
  const [item] = client.session.items;
  const cut = {item_id: item?.id, content_index: 0, audio_end_ms: 1_234};
  expect(client.say('conversation.item.truncate', cut)).toMatchObject([{type: 'conversation.item.truncated', ...cut}]);
  expect([item?.audioMs, item?.truncatedAtMs, item?.transcript]).toEqual([1_234, 1_234, undefined]);
  const [retrieved] = client.say('conversation.item.retrieve', {item_id: item?.id});
  const [content] = retrieved!['item'].content;
  expect(content).not.toHaveProperty('transcript');
  expect(readTagRuns(Buffer.from(content.audio, 'base64'))).toEqual([{item: item?.tag, fromMs: 0, toMs: 1_234, at: 0}]);
});

test('a truncation with a fraction, or past what is held, is refused', () => {
  const client = spoken(1_000);
  client.until('response.done');
  const item_id = client.session.items[0]?.id;
  const cut = (audio_end_ms: number) =>
    error(client.say('conversation.item.truncate', {item_id, content_index: 0, audio_end_ms}));
  expect(cut(12.5)).toMatchObject({code: 'invalid_type', param: 'audio_end_ms'});
  expect(cut(1_001)).toMatchObject({message: 'Audio content of 1000ms is already shorter than 1001ms'});
  client.knobs.heldShortMs = 85;
  expect(cut(1_000)).toMatchObject({message: 'Audio content of 915ms is already shorter than 1000ms'});
});

test('an item that is being closed after an interruption is cut once its response is done', () => {
  const client = spoken(60_000);
  client.wait(1_000);
  client.hear(speech(100));
  const item_id = client.session.items[0]?.id;
  client.say('conversation.item.truncate', {item_id, content_index: 0, audio_end_ms: 700});
  client.until('conversation.item.truncated');
  const order = client.frames.map(({type}) => type);
  expect(order.indexOf('response.done')).toBeLessThan(order.indexOf('conversation.item.truncated'));
  expect(client.session.items[0]?.audioMs).toBe(700);
  expect(client.session.refusals).toEqual([]);
});

test('generated audio shows to which item and position it belongs', () => {
  const client = spoken(2_000);
  client.until('response.done');
  client.say('response.create');
  client.until('response.done');
  const sent = Buffer.concat(client.all('response.output_audio.delta').map(({delta}) => Buffer.from(delta, 'base64')));
  expect(readTagRuns(sent)).toEqual(
    client.session.items.map((item, index) => ({item: item.tag, fromMs: 0, toMs: 2_000, at: index * 16_000})),
  );
});

test('an item can be deleted and is gone', () => {
  const client = spoken(500);
  client.until('response.done');
  const item_id = client.session.items[0]?.id;
  expect(client.say('conversation.item.delete', {item_id})).toMatchObject([
    {type: 'conversation.item.deleted', item_id},
  ]);
  expect(client.session.items).toEqual([]);
});

test('the same seed and the same client make the same session, byte for byte; another seed does not', () => {
  const call = (seed: number) => {
    const client = TestClient.onThePhone({seed});
    client.say('response.create');
    client.wait(1_200);
    client.hear(Buffer.concat([speech(700), silence(700)]));
    client.until('response.done');
    return JSON.stringify(client.frames);
  };
  expect(call(7)).toBe(call(7));
  expect(call(7)).not.toBe(call(8));
});
