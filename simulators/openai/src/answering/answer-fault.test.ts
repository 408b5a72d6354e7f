import {expect, test} from 'vitest';
import {answerFaults, type AnswerFault} from '../knobs/answer-faults.ts';
import {readKnobs, type Knobs} from '../knobs/knobs.ts';
import type {Reply} from './model-script.ts';
import {silence, speech, TestClient} from '../testing/test-client.ts';

const TURN = Buffer.concat([silence(200), speech(800), silence(700)]);
const SPOKEN: Reply = [{say: {text: 'one two three four five six seven', audioMs: 4_000}}];
const MINUTE = 60_000;

function faulty(knobs: Partial<Knobs>): TestClient {
  return TestClient.onThePhone({
    spoilt: knobs.answerFaults?.[0] === 'nameless-call' || knobs.usage === 'fractional',
    script: [SPOKEN],
    knobs: {firstDeltaMs: [400, 400], speed: [4, 4], stragglers: [0, 0], ...knobs},
  });
}

/** A client that asks for an answer, which goes wrong in this way. */
function asked(fault: AnswerFault, knobs: Partial<Knobs> = {}): TestClient {
  const client = faulty({answerFaults: [fault], ...knobs});
  client.say('response.create', {event_id: 'mine', response: {metadata: {tag: 'greeting'}}});
  return client;
}

const statusOf = (client: TestClient) => {
  const {status, status_details: details} = client.one('response.done')['response'];
  return [status, details?.reason ?? details?.error?.code ?? null];
};
const audioOf = (client: TestClient) =>
  Buffer.concat(client.all('response.output_audio.delta').map(({delta}) => Buffer.from(delta, 'base64')));

test('an empty answer is completed and holds nothing', () => {
  const client = asked('empty');
  client.wait(MINUTE);
  expect(statusOf(client)).toEqual(['completed', null]);
  expect(client.one('response.done')['response'].output).toEqual([]);
  expect(TestClient.types(client.frames)).toEqual(['response.created', 'response.done', 'rate_limits.updated']);
});

test('an answer in text has words in text events and no audio', () => {
  const client = asked('text');
  client.wait(MINUTE);
  expect(statusOf(client)).toEqual(['completed', null]);
  expect(client.one('response.output_text.done')['text']).toBe('one two three four five six seven');
  expect(audioOf(client)).toHaveLength(0);
});

test('a silent answer has words, and audio of nothing but silence', () => {
  const client = asked('silence');
  client.wait(MINUTE);
  expect(audioOf(client).equals(silence(4_000))).toBe(true);
  expect(client.one('response.output_audio_transcript.done')['transcript']).toBe('one two three four five six seven');
});

test.each([
  ['max-tokens', 'max_output_tokens'],
  ['content-filter', 'content_filter'],
] as const)('an answer cut by %s is incomplete, in mid-sentence or before any audio', (fault, reason) => {
  const [late, atOnce] = [asked(fault), asked(`${fault}-at-once`)];
  for (const client of [late, atOnce]) {
    client.wait(MINUTE);
    expect(statusOf(client)).toEqual(['incomplete', reason]);
  }
  expect(audioOf(late).length).toBeGreaterThan(0);
  expect(audioOf(late).length).toBeLessThan(32_000);
  expect(late.one('response.output_item.done')['item'].status).toBe('incomplete');
  expect(audioOf(atOnce)).toHaveLength(0);
});

test('a failed answer fails before any audio, or in mid-speech', () => {
  const [first, late] = [asked('fails'), asked('fails-in-mid-speech')];
  for (const client of [first, late]) {
    client.wait(MINUTE);
    expect(statusOf(client)).toEqual(['failed', 'server_error']);
  }
  expect(audioOf(first)).toHaveLength(0);
  expect(audioOf(late).length).toBeGreaterThan(0);
  expect(audioOf(late).length).toBeLessThan(32_000);
});

test('a rate limit names its end; an earlier request gets the remaining time, and then it is over', () => {
  const client = asked('rate-limited', {rateLimitMs: [1_900, 1_900]});
  const failure = () => client.until('response.done')['response'].status_details.error;
  expect(failure()).toMatchObject({
    type: 'rate_limit_error',
    code: 'rate_limit_exceeded',
    message: expect.stringContaining('Please try again in 1.9s.'),
  });
  expect(client.one('rate_limits.updated')['rate_limits'][0].reset_seconds).toBeCloseTo(1.5, 5);
  client.wait(800);
  client.say('response.create');
  expect(failure().message).toContain('Please try again in 700ms.');
  client.wait(700);
  client.say('response.create');
  expect(client.until('response.done')['response'].status).toBe('completed');
});

test.each([
  ['nameless-call', undefined, {}],
  ['empty-name-call', '', {}],
  ['long-name-call', expect.stringMatching(/^.{101,}$/), {}],
  ['tool-call', 'look_up', {}],
  ['broken-arguments-call', 'look_up', undefined],
] as const)('a %s is a function call, with that name and those arguments', (fault, name, args) => {
  const client = asked(fault);
  client.wait(MINUTE);
  const {item} = client.one('response.output_item.done');
  expect(item).toMatchObject({type: 'function_call', call_id: expect.stringMatching(/^call_/)});
  expect(item.name).toEqual(name);
  expect(client.one('response.function_call_arguments.done')['name']).toEqual(name);
  if (args) expect(JSON.parse(item.arguments)).toEqual(args);
  else expect(() => JSON.parse(item.arguments)).toThrow(SyntaxError);
});

test('an answer without response.created has everything else', () => {
  const client = asked('no-created');
  client.wait(MINUTE);
  expect(client.all('response.created')).toEqual([]);
  expect(audioOf(client)).toHaveLength(32_000);
  expect(client.one('response.done')['response'].metadata).toEqual({tag: 'greeting'});
});

test('an answer that hangs says that it began and then nothing, until it is cancelled', () => {
  const client = asked('hangs');
  client.wait(10 * MINUTE);
  expect(TestClient.types(client.frames)).toEqual(['response.created']);
  client.say('response.cancel');
  expect(statusOf(client)).toEqual(['cancelled', 'client_cancelled']);
});

test('an answer that stalls says some of its words and then nothing, until it is cancelled', () => {
  const client = asked('stalls');
  client.wait(10 * MINUTE);
  expect(audioOf(client).length).toBeGreaterThan(0);
  expect(audioOf(client).length).toBeLessThan(32_000);
  expect(client.all('response.output_audio.done')).toEqual([]);
  client.say('response.cancel');
  expect(statusOf(client)).toEqual(['cancelled', 'client_cancelled']);
});

test.each(['hangs-for-good', 'stalls-for-good'] as const)(
  'an answer that %s keeps the slot, whatever the client or the caller does',
  fault => {
    const client = asked(fault);
    client.wait(MINUTE);
    expect(client.say('response.cancel')).toEqual([]);
    client.hear(TURN);
    client.wait(MINUTE);
    expect(client.all('response.done')).toEqual([]);
    client.say('response.create', {event_id: 'again'});
    // One for the caller's turn, one for the request.
    expect(client.all('error').map(({error}) => [error.code, error.event_id])).toEqual([
      ['conversation_already_has_active_response', null],
      ['conversation_already_has_active_response', 'again'],
    ]);
  },
);

test('a request can stay without an answer, and so can a turn', () => {
  const client = faulty({answerFaults: ['swallowed', 'swallowed']});
  client.say('response.create');
  client.hear(TURN);
  expect(client.wait(MINUTE)).toEqual([]);
  expect(client.all('input_audio_buffer.committed')).toHaveLength(1);
  expect(client.all('response.created')).toEqual([]);
  expect(client.session.faults.map(({fault}) => fault)).toEqual(['swallowed', 'swallowed']);
});

test('a server error names no request and brings no response', () => {
  const client = asked('server-error');
  client.wait(MINUTE);
  expect(client.one('error')['error']).toMatchObject({type: 'server_error', code: null, event_id: null});
  expect(client.all('response.created')).toEqual([]);
});

test('with a taken slot another response begins, and an error that names no request says so', () => {
  const client = asked('slot-taken');
  const {response} = client.one('response.created');
  expect(response.metadata).toBeNull();
  expect(client.one('error')['error']).toMatchObject({
    code: 'conversation_already_has_active_response',
    message: expect.stringContaining(response.id),
    event_id: null,
  });
  client.wait(MINUTE);
  expect(statusOf(client)).toEqual(['completed', null]);
});

test('scripted faults come before the fault of every answer, and `none` means none', () => {
  const client = faulty({answerFaults: ['none', 'fails'], everyAnswer: 'empty'});
  const statuses = Array.from({length: 4}, () => {
    client.say('response.create');
    const {status, output} = client.until('response.done')['response'];
    return [status, output.length];
  });
  expect(statuses).toEqual([
    ['completed', 1],
    ['failed', 0],
    ['completed', 0],
    ['completed', 0],
  ]);
});

test('random faults occur at the requested rate, and the same seed gives the same faults', () => {
  const drawn = (seed: number) => {
    const client = TestClient.onThePhone({
      seed,
      script: [[{say: {text: 'one', audioMs: 100}}]],
      knobs: {faultRates: {swallowed: 0.2, empty: 0.3}, firstDeltaMs: [0, 0]},
    });
    for (let asks = 0; asks < 1_000; asks += 1) {
      client.say('response.create');
      client.wait(200);
    }
    return client.session.faults.map(({fault}) => fault);
  };
  const faults = drawn(3);
  expect(drawn(3)).toEqual(faults);
  const share = (fault: AnswerFault) => faults.filter(each => each === fault).length / 1_000;
  expect(share('swallowed')).toBeCloseTo(0.2, 1);
  expect(share('empty')).toBeCloseTo(0.3, 1);
});

test('an out-of-band response never has a fault', () => {
  const client = faulty({everyAnswer: 'fails'});
  client.say('response.create', {response: {conversation: 'none'}});
  expect(client.until('response.done')['response'].status).toBe('completed');
});

test.each([
  ['echoed', {tag: 'mine'}, 0, 1],
  ['null', null, 0, 1],
  ['absent', undefined, 0, 1],
  ['complained', null, 1, 1],
  ['refused', undefined, 1, 0],
] as const)('metadata is %s', (metadata, echo, errors, responses) => {
  const client = faulty({metadata});
  client.say('response.create', {event_id: 'mine', response: {metadata: {tag: 'mine'}}});
  client.wait(MINUTE);
  for (const type of ['response.created', 'response.done']) {
    expect(client.all(type)).toHaveLength(responses);
    expect(client.all(type)[0]?.['response'].metadata).toEqual(echo);
  }
  expect(client.all('error').map(({error}) => error.message)).toEqual(
    Array.from({length: errors}, () => 'Specifying `response.metadata` is not supported.'),
  );
});

test('a request without metadata is answered by a server that takes none', () => {
  const client = faulty({metadata: 'refused'});
  client.say('response.create');
  expect(client.until('response.done')['response'].status).toBe('completed');
});

test('token counts can be missing or broken', () => {
  const counted = (usage: Knobs['usage']) => {
    const client = faulty({usage});
    client.say('response.create');
    return client.until('response.done')['response'].usage;
  };
  expect(counted('null')).toBeNull();
  const {total_tokens, output_token_details: details} = counted('fractional');
  expect([total_tokens % 1, details.audio_tokens % 1]).toEqual([0.5, 0.5]);
});

test('errors need not say which request they are about', () => {
  const client = faulty({errorsNameNothing: true});
  client.say('response.create');
  client.say('response.create', {event_id: 'mine'});
  expect(client.one('error')['error'].event_id).toBeNull();
});

test('audio that is not strictly base64 is refused', () => {
  const client = faulty({});
  for (const audio of ['_-_-', 'AAAA\nAAAA', 'AAA', 'AA=A', 'AAAA====']) {
    expect(client.say('input_audio_buffer.append', {audio})).toMatchObject([{error: {param: 'audio'}}]);
  }
  expect(client.say('input_audio_buffer.append', {audio: '+/+/AA=='})).toEqual([]);
});

test('the output of a call whose id is longer than 32 characters is refused', () => {
  const client = faulty({});
  const item = {type: 'function_call_output', call_id: 'c'.repeat(33), output: '{}'};
  expect(client.say('conversation.item.create', {item})).toMatchObject([
    {error: {code: 'string_above_max_length', param: 'item.call_id'}},
  ]);
});

test('transcriptions of the caller can be missing', () => {
  const client = new TestClient({knobs: {transcription: 'absent'}});
  const transcription = {model: 'gpt-realtime-whisper'};
  const format = {type: 'audio/pcmu'};
  client.say('session.update', {session: {type: 'realtime', audio: {input: {format, transcription}}}});
  client.hear(TURN);
  client.wait(MINUTE);
  expect(client.all('input_audio_buffer.committed')).toHaveLength(1);
  expect(client.frames.filter(({type}) => type.includes('transcription'))).toEqual([]);
});

test('a server closes a session when its time has come, with a code of its own or without any', () => {
  const closing = (code: number) => {
    const client = faulty({closeAfter: {ms: [5_000, 5_000], code, reason: 'maintenance'}});
    client.wait(4_999);
    expect(client.session.closeCode).toBeUndefined();
    client.wait(1);
    expect(client.session.closeCode).toBe(code);
    return client;
  };
  expect(closing(4_321).closed).toEqual({code: 4_321, reason: 'maintenance'});
  const {closed, wasReset} = closing(1_006);
  expect([closed, wasReset]).toEqual([undefined, true]);
});

test('a knob takes every fault by its name and nothing else', () => {
  expect(
    readKnobs({answerFaults: [...answerFaults, 'none'], everyAnswer: 'hangs', faultRates: {stalls: 0.1}}),
  ).toBeDefined();
  for (const knobs of [
    {answerFaults: ['hang']},
    {everyAnswer: 'none'},
    {faultRates: {sulks: 1}},
    {metadata: 'lost'},
    {mutations: [{event: '*', path: '*', how: 'eaten'}]},
  ]) {
    expect(() => readKnobs(knobs)).toThrow(/^knob \w+ cannot be/);
  }
});
