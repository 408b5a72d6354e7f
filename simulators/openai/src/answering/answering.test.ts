import {expect, test} from 'vitest';
import type {Reply} from '../answering/model-script.ts';
import {silence, speech, TestClient} from '../testing/test-client.ts';

const turn = (ms: number) => Buffer.concat([silence(200), speech(ms), silence(700)]);
const tone = (audioMs: number): Reply => [{say: {text: 'one two three four five six seven', audioMs}}];
const STEADY = {firstDeltaMs: [400, 400], speed: [4, 4], deltaMs: [250, 250], stragglers: [2, 2]} as const;

function answering(script: Reply[] = [tone(4_000)], knobs = {}, detection: object | null = {type: 'server_vad'}) {
  return TestClient.onThePhone({script, knobs: {...STEADY, ...knobs}}, detection);
}

test('the model does not speak until it is asked', () => {
  const client = answering();
  expect(client.wait(30_000)).toEqual([]);
});

test('an answer comes in the recorded order of events', () => {
  const client = answering();
  client.say('response.create');
  client.until('rate_limits.updated');
  const order = TestClient.types(client.frames).filter(
    (type, at, all) => !type.endsWith('.delta') || all.indexOf(type) === at,
  );
  expect(order).toEqual([
    'response.created',
    'response.output_item.added',
    'conversation.item.added',
    'response.content_part.added',
    'response.output_audio_transcript.delta',
    'response.output_audio.delta',
    'response.output_audio.done',
    'response.output_audio_transcript.done',
    'response.content_part.done',
    'conversation.item.done',
    'response.output_item.done',
    'response.done',
    'rate_limits.updated',
  ]);
  expect(client.one('response.created')['response']).toMatchObject({status: 'in_progress', output: [], usage: null});
  expect(client.one('response.done')['response']).toMatchObject({
    status: 'completed',
    status_details: null,
    output: [{status: 'completed', content: [{type: 'output_audio', transcript: 'one two three four five six seven'}]}],
  });
  expect(client.one('rate_limits.updated')['rate_limits']).toMatchObject([{name: 'tokens'}]);
});

test('deltas hold about 250 ms of audio, come faster than real time and add up to what was generated', () => {
  const client = answering();
  client.say('response.create');
  client.until('response.done');
  const deltas = client.all('response.output_audio.delta').map(({delta}) => Buffer.from(delta, 'base64'));
  expect(deltas.map(({length}) => length)).toEqual(Array.from({length: 16}, () => 2_000));
  expect(Buffer.concat(deltas).equals(client.session.items[0]!.generatedAudio)).toBe(true);
  expect(client.clock.now()).toBeCloseTo(400 + 4_000 / 4, 0);
  expect(client.session.responses[0]).toMatchObject({startedAt: 0, firstAudioAt: 400, status: 'completed'});
});

test('the first audio comes 300 to 800 ms after the caller has stopped', () => {
  const client = TestClient.onThePhone();
  client.hear(turn(1_000));
  client.until('response.output_audio.delta');
  const waited = client.session.responses[0]!.firstAudioAt! - client.session.speech[0]!.stoppedAt!;
  expect(waited).toBeGreaterThanOrEqual(300);
  expect(waited).toBeLessThanOrEqual(800);
});

test('a μ-law session gets 8 bytes for each millisecond, a fresh one gets 48 of PCM', () => {
  const phone = answering([tone(1_000)]);
  phone.say('response.create');
  phone.until('response.done');
  expect(phone.session.items[0]?.generatedBytes).toBe(8_000);
  const fresh = new TestClient({script: [tone(1_000)]});
  fresh.say('response.create');
  fresh.until('response.done');
  expect(fresh.session.items[0]?.generatedBytes).toBe(48_000);
});

test('a second response is refused while one runs, and the error names it', () => {
  const client = answering();
  client.say('response.create');
  client.say('response.create', {event_id: 'mine'});
  const {id} = client.one('response.created')['response'];
  expect(client.one('error')['error']).toEqual({
    type: 'invalid_request_error',
    code: 'conversation_already_has_active_response',
    message: `Conversation already has an active response in progress: ${id}. Wait until the response is finished before creating a new one.`,
    param: null,
    event_id: 'mine',
  });
});

test('the slot stays taken after a cancel, until response.done', () => {
  const client = answering();
  client.say('response.create');
  client.wait(1_000);
  client.say('response.cancel');
  client.say('response.create');
  expect(client.all('error')).toHaveLength(1);
  client.until('response.done');
  client.say('response.create');
  expect(client.all('error')).toHaveLength(1);
  expect(client.all('response.created')).toHaveLength(2);
});

test('an out-of-band response runs beside the other and leaves no trace in the conversation', () => {
  const client = answering([tone(4_000), tone(500)]);
  client.say('response.create');
  client.say('response.create', {response: {conversation: 'none', metadata: {purpose: 'summary'}}});
  client.wait(5_000);
  expect(client.all('error')).toEqual([]);
  const [, beside] = client.all('response.created').map(({response}) => response);
  expect(beside).toMatchObject({conversation_id: null, metadata: {purpose: 'summary'}});
  expect(client.all('conversation.item.added')).toHaveLength(1);
  expect(client.all('response.done')).toHaveLength(2);
  expect(client.session.items).toHaveLength(1);
});

test('metadata comes back when the response begins and when it ends', () => {
  const client = answering();
  client.say('response.create', {response: {metadata: {purpose: 'greeting'}}});
  client.until('response.done');
  expect(client.one('response.created')['response'].metadata).toEqual({purpose: 'greeting'});
  expect(client.one('response.done')['response'].metadata).toEqual({purpose: 'greeting'});
  expect(client.session.responses[0]?.metadata).toEqual({purpose: 'greeting'});
});

test('a script gets the cause of a response, and its instructions in place of the session’s', () => {
  const seen: unknown[] = [];
  const client = TestClient.onThePhone({
    script: ({number, kind, instructions, callerTranscript}) => {
      seen.push([number, kind, instructions.slice(0, 9), callerTranscript]);
      return tone(300);
    },
  });
  client.say('response.create', {response: {instructions: 'Greet them.'}});
  client.until('response.done');
  client.hear(turn(800));
  client.until('response.done');
  expect(seen).toEqual([
    [1, 'greeting', 'Greet the', undefined],
    [2, 'turn', 'Your know', expect.stringContaining('caller turn 1')],
  ]);
});

test('a budget of tokens ends an answer early, as incomplete', () => {
  const client = answering([tone(20_000)]);
  client.say('response.create', {response: {max_output_tokens: 60}});
  const {response} = client.until('response.done');
  expect(response).toMatchObject({
    status: 'incomplete',
    status_details: {type: 'incomplete', reason: 'max_output_tokens'},
    output: [{status: 'incomplete'}],
  });
  expect(client.session.items[0]?.audioMs).toBeLessThanOrEqual(3_000);
});

test('a cancel lets a few deltas through, then closes everything with what was streamed', () => {
  const client = answering();
  client.say('response.create');
  client.wait(900);
  const before = client.all('response.output_audio.delta').length;
  client.say('response.cancel');
  client.until('response.done');
  const streamed = client.all('response.output_audio_transcript.delta').map(({delta}) => delta);
  expect(client.all('response.output_audio.delta')).toHaveLength(before + 2);
  expect(client.frames.slice(-7, -1).map(({type}) => type)).toEqual([
    'response.output_audio.done',
    'response.output_audio_transcript.done',
    'response.content_part.done',
    'conversation.item.done',
    'response.output_item.done',
    'response.done',
  ]);
  expect(client.one('response.output_audio_transcript.done')['transcript']).toBe(streamed.join(''));
  expect(client.one('response.done')['response']).toMatchObject({
    status: 'cancelled',
    status_details: {type: 'cancelled', reason: 'client_cancelled'},
    output: [{status: 'incomplete'}],
    usage: {total_tokens: expect.any(Number)},
  });
});

test('a cancel of nothing, or of another response, is refused and harms nothing', () => {
  const client = answering();
  client.say('response.cancel');
  client.say('response.create');
  client.say('response.cancel', {response_id: 'resp_other'});
  expect(client.all('error').map(({error}) => error.code)).toEqual([
    'response_cancel_not_active',
    'response_cancel_not_active',
  ]);
  expect(client.all('error')[0]?.['error'].message).toBe('Cancellation failed: no active response found');
  expect(client.until('response.done')['response'].status).toBe('completed');
});

test('a caller who speaks over an answer that is being generated cancels it', () => {
  const client = answering([tone(20_000)]);
  client.say('response.create');
  client.wait(1_000);
  client.hear(speech(400));
  client.wait(100);
  const order = client.frames.map(({type}) => type);
  expect(order.indexOf('input_audio_buffer.speech_started')).toBeLessThan(order.indexOf('response.done'));
  expect(client.one('response.done')['response']).toMatchObject({
    status: 'cancelled',
    status_details: {type: 'cancelled', reason: 'turn_detected'},
  });
});

test('with interrupt_response off the answer goes on', () => {
  const client = answering([tone(8_000)], {}, {type: 'server_vad', interrupt_response: false, create_response: false});
  client.say('response.create');
  client.wait(1_000);
  client.hear(speech(400));
  expect(client.until('response.done')['response'].status).toBe('completed');
});

test('a caller who speaks after response.done cancels nothing, whatever the phone still plays', () => {
  const client = answering();
  client.say('response.create');
  client.until('response.done');
  const heard = client.hear(speech(400));
  expect(heard.map(({type}) => type)).toEqual(['input_audio_buffer.speech_started']);
});

test('a cancelled response.done may come after the next response.created', () => {
  const client = answering([tone(20_000)], {lateCancelledDone: true});
  client.say('response.create');
  client.wait(1_000);
  client.hear(turn(600));
  const order = client.frames.filter(({type}) => type === 'response.created' || type === 'response.done');
  expect(order.map(({type, response}) => [type, response.status])).toEqual([
    ['response.created', 'in_progress'],
    ['response.created', 'in_progress'],
    ['response.done', 'cancelled'],
  ]);
  expect(order[2]?.['response'].id).toBe(order[0]?.['response'].id);
});

test('response.done may come twice', () => {
  const client = answering([tone(500)], {duplicateDone: true});
  client.say('response.create');
  client.wait(2_000);
  expect(client.all('response.done')).toHaveLength(2);
});

test('rate limits may come late or never', () => {
  const never = answering([tone(500)], {rateLimits: 'omitted'});
  never.say('response.create');
  never.wait(5_000);
  expect(never.all('rate_limits.updated')).toEqual([]);
  const late = answering([tone(500)], {rateLimits: 'late'});
  late.say('response.create');
  late.until('response.done');
  late.until('rate_limits.updated');
  expect(late.clock.now() - late.session.responses[0]!.doneAt!).toBeCloseTo(1_000, 0);
});

test.for(['server_error', 'rate_limit_exceeded', 'model_not_found'])('a response can fail with %s, once', code => {
  const client = answering([tone(500)], {failNextResponse: code});
  client.say('response.create');
  expect(client.until('response.done')['response']).toMatchObject({
    status: 'failed',
    status_details: {type: 'failed', error: {code}},
    output: [],
  });
  client.say('response.create');
  expect(client.until('response.done')['response'].status).toBe('completed');
});

test('a used-up quota fails the response and ends the session', () => {
  const client = answering([tone(500)], {failResponses: 'insufficient_quota'});
  client.say('response.create');
  expect(client.until('response.done')['response']).toMatchObject({status: 'failed'});
  expect(client.closed).toEqual({code: 1000, reason: 'insufficient_quota'});
});

test('the content filter stops an answer in the middle', () => {
  const client = answering([[...tone(1_000), {incomplete: 'content_filter'}]]);
  client.say('response.create');
  expect(client.until('response.done')['response']).toMatchObject({
    status: 'incomplete',
    status_details: {reason: 'content_filter'},
    output: [{status: 'incomplete'}],
  });
});

test('usage counts a token for 100 ms of caller and for 50 ms of assistant, and grows with the conversation', () => {
  const client = answering([tone(2_000)]);
  client.hear(turn(1_000));
  const first = client.until('response.done')['response'].usage;
  const callerMs = client.session.items[0]!.audioMs;
  expect(first.input_token_details.audio_tokens).toBe(Math.ceil(callerMs / 100));
  expect(first.output_token_details.audio_tokens).toBe(40);
  expect(first.total_tokens).toBe(first.input_tokens + first.output_tokens);
  client.hear(turn(1_000));
  const second = client.until('response.done')['response'].usage;
  expect(second.input_tokens).toBeGreaterThan(first.input_tokens);
  expect(second.input_token_details.cached_tokens).toBeGreaterThan(0);
  expect(second.input_token_details.cached_tokens).toBeLessThanOrEqual(first.input_tokens);
});

test('one response can hold two message items, played one after the other', () => {
  const client = TestClient.onThePhone({knobs: {multiItem: true}, script: [[{say: 'assistant-directions'}]]});
  client.say('response.create');
  const {response} = client.until('response.done');
  expect(response.output).toHaveLength(2);
  expect(client.all('response.output_item.added').map(frame => frame['output_index'])).toEqual([0, 1]);
  expect(client.session.items.map(({role}) => role)).toEqual(['assistant', 'assistant']);
});

test('the newer models comment while they call, and the call opens before the comment is finished', () => {
  const reply: Reply = [...tone(3_000), {call: {name: 'look_up', arguments: {day: 'Sunday'}}}];
  const client = answering([reply]);
  client.say('response.create');
  client.until('response.done');
  const items = client.frames.filter(({type}) => type.startsWith('response.output_item'));
  expect(items.map(({type, item}) => `${type} ${item.type}`)).toEqual([
    'response.output_item.added message',
    'response.output_item.added function_call',
    'response.output_item.done function_call',
    'response.output_item.done message',
  ]);
  expect(items[0]?.['item'].phase).toBe('commentary');
});

test('a future server sends unknown fields and events', () => {
  const client = answering([tone(300)], {strange: true});
  client.say('response.create');
  client.until('response.done');
  expect(client.one('response.created')).toHaveProperty('field_of_next_year');
  expect(client.one('response.event_of_next_year')).toBeDefined();
});

test('arguments of a call are streamed and then sent as a whole', () => {
  const client = answering([[{call: {name: 'look_up', arguments: {day: 'Sunday'}}}]]);
  client.say('response.create');
  client.until('response.done');
  const deltas = client.all('response.function_call_arguments.delta').map(({delta}) => delta);
  const done = client.one('response.function_call_arguments.done');
  expect(done).toMatchObject({name: 'look_up', arguments: deltas.join('')});
  expect(JSON.parse(done['arguments'])).toEqual({day: 'Sunday'});
  expect(client.one('response.output_item.done')['item']).toMatchObject({
    type: 'function_call',
    status: 'completed',
    call_id: done['call_id'],
    arguments: done['arguments'],
  });
});

test('the output of a call is acknowledged only after the response that made it is done', () => {
  const client = answering([[{call: {name: 'f', arguments: {}}}, ...tone(3_000)], tone(300)], {overlapCalls: false});
  client.say('response.create');
  const {call_id} = client.until('response.function_call_arguments.done');
  const before = client.frames.length;
  client.say('conversation.item.create', {item: {type: 'function_call_output', call_id, output: '{"ok":true}'}});
  expect(client.frames).toHaveLength(before);
  client.say('response.create');
  expect(client.one('error')['error'].code).toBe('conversation_already_has_active_response');
  client.until('response.done');
  expect(client.frames.slice(-2).map(({type, item}) => [type, item.type])).toEqual([
    ['conversation.item.added', 'function_call_output'],
    ['conversation.item.done', 'function_call_output'],
  ]);
  client.say('response.create');
  expect(client.all('response.created')).toHaveLength(2);
});

test('a text session is answered in text', () => {
  const client = answering([tone(500)]);
  client.say('response.create', {response: {output_modalities: ['text']}});
  client.until('response.done');
  expect(client.all('response.output_audio.delta')).toEqual([]);
  expect(client.one('response.output_text.done')['text']).toBe('one two three four five six seven');
  expect(client.one('response.content_part.added')['part']).toEqual({type: 'text', text: ''});
});

test('the default model greets, answers, says goodbye and hangs up if it can', () => {
  const client = TestClient.onThePhone({
    transcribe: ({number}) => (number === 1 ? 'When do you open on Sunday?' : 'Goodbye.'),
  });
  client.say('session.update', {
    session: {type: 'realtime', tools: [{type: 'function', name: 'hang_up', parameters: {}}]},
  });
  client.say('response.create');
  const words = () => client.until('response.done')['response'].output[0].content[0].transcript;
  expect(words()).toContain('thank you for calling');
  client.hear(turn(600));
  expect(words()).toContain('On Sundays');
  client.hear(turn(600));
  expect(words()).toContain('Goodbye');
  expect(client.session.items.at(-1)).toMatchObject({type: 'function_call', name: 'hang_up', payload: '{}'});
});
