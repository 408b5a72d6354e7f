import {expect, test} from 'vitest';
import {callerClips, readClip} from '../../../audio/clips.ts';
import {silence, speech, TestClient} from '../testing/test-client.ts';

const turn = (ms: number) => Buffer.concat([silence(200), speech(ms), silence(700)]);
const clip = (name: keyof typeof callerClips) => Buffer.concat([silence(300), readClip(name), silence(700)]);
const NO_ANSWER = {type: 'server_vad', create_response: false};

test('an append is never acknowledged', () => {
  const client = TestClient.onThePhone();
  expect(client.hear(silence(2000))).toEqual([]);
  expect(client.session.heardBytes).toBe(16_000);
});

test('everything that was appended is remembered, in order', () => {
  const client = TestClient.onThePhone();
  client.hear(turn(500));
  expect(client.session.heardAudio().equals(turn(500))).toBe(true);
});

test('time is measured in appended audio, not by the clock', () => {
  const client = TestClient.onThePhone({}, NO_ANSWER);
  client.wait(60_000);
  client.hear(turn(500));
  expect(client.one('input_audio_buffer.speech_started')['audio_start_ms']).toBe(0);
  expect(client.one('input_audio_buffer.speech_stopped')['audio_end_ms'] % 32).toBe(0);
});

test('a carrier that stops sending leaves the turn open for ever', () => {
  const client = TestClient.onThePhone();
  client.hear(speech(500));
  client.wait(600_000);
  expect(client.all('input_audio_buffer.speech_stopped')).toEqual([]);
});

test('a turn of the caller brings the recorded order of events, from speech to answer', () => {
  const client = TestClient.onThePhone();
  const heard = client.hear(turn(1000));
  expect(heard.map(({type}) => type)).toEqual([
    'input_audio_buffer.speech_started',
    'input_audio_buffer.speech_stopped',
    'input_audio_buffer.committed',
    'conversation.item.added',
    'conversation.item.done',
    'response.created',
  ]);
  const ids = heard.map(frame => frame['item_id'] ?? frame['item']?.id).filter(id => id !== undefined);
  expect(new Set(ids).size).toBe(1);
  expect(client.one('conversation.item.added')['item']).toMatchObject({
    role: 'user',
    status: 'completed',
    content: [{type: 'input_audio', transcript: null}],
  });
});

test('speech events have the moments at which they were sent', () => {
  const client = TestClient.onThePhone();
  client.hear(turn(1000));
  const [told] = client.session.speech;
  expect(told).toMatchObject({audioStartMs: 0, audioEndMs: expect.any(Number)});
  expect(told?.startedAt).toBeGreaterThan(200);
  expect(told?.stoppedAt).toBeGreaterThan(1_600);
});

test('previous ids chain from turn to turn, except in the done of the second item', () => {
  const client = TestClient.onThePhone({}, NO_ANSWER);
  for (let count = 0; count < 3; count += 1) client.hear(turn(400));
  const ids = client.session.items.map(({id}) => id);
  const previous = (type: string) => client.all(type).map(frame => frame['previous_item_id']);
  expect(previous('input_audio_buffer.committed')).toEqual([null, ids[0], ids[1]]);
  expect(previous('conversation.item.added')).toEqual([null, ids[0], ids[1]]);
  expect(previous('conversation.item.done')).toEqual([null, null, ids[1]]);
});

test('a server without that habit names every predecessor', () => {
  const client = TestClient.onThePhone({knobs: {nullSecondPreviousId: false}}, NO_ANSWER);
  client.hear(turn(400));
  client.hear(turn(400));
  expect(client.all('conversation.item.done')[1]?.['previous_item_id']).toBe(client.session.items[0]?.id);
});

test('a commit of less than 100 ms is refused with what was measured', () => {
  const client = TestClient.onThePhone({}, null);
  client.hear(silence(60));
  client.say('input_audio_buffer.commit');
  expect(client.one('error')['error']).toMatchObject({
    code: 'input_audio_buffer_commit_empty',
    message:
      'Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has 60.00ms of audio.',
  });
});

test('a commit makes an item, and no answer', () => {
  const client = TestClient.onThePhone({}, null);
  client.hear(speech(600));
  expect(TestClient.types(client.say('input_audio_buffer.commit'))).toEqual([
    'input_audio_buffer.committed',
    'conversation.item.added',
    'conversation.item.done',
  ]);
  expect(client.session.items[0]?.audioMs).toBe(600);
  expect(client.wait(5_000)).toEqual([]);
});

test('clearing empties the buffer and forgets the turn in progress', () => {
  const client = TestClient.onThePhone();
  client.hear(speech(500));
  expect(client.say('input_audio_buffer.clear').map(({type}) => type)).toEqual(['input_audio_buffer.cleared']);
  client.hear(silence(2_000));
  expect(client.all('input_audio_buffer.speech_stopped')).toEqual([]);
});

test('without turn detection no speech is reported', () => {
  const client = TestClient.onThePhone({}, null);
  expect(client.hear(turn(1000))).toEqual([]);
});

test('with create_response off a turn is committed and not answered', () => {
  const client = TestClient.onThePhone({}, NO_ANSWER);
  client.hear(turn(1000));
  client.wait(5_000);
  expect(client.all('input_audio_buffer.committed')).toHaveLength(1);
  expect(client.all('response.created')).toEqual([]);
});

test('a higher threshold does not detect a quiet voice', () => {
  const quiet = Buffer.concat([Buffer.from(speech(600).map(byte => byte ^ 0x50)), silence(700)]);
  const levels = [0, 1].map(threshold => {
    const client = TestClient.onThePhone({}, {type: 'server_vad', threshold, create_response: false});
    client.hear(quiet);
    return client.all('input_audio_buffer.committed').length;
  });
  expect(levels).toEqual([1, 0]);
});

test('recordings are recognised, other sounds are counted', () => {
  const client = TestClient.onThePhone({}, NO_ANSWER);
  client.hear(clip('caller-opening-hours'));
  client.hear(turn(900));
  expect(client.session.items.map(({text}) => text)).toEqual([
    callerClips['caller-opening-hours'].text,
    expect.stringMatching(/^caller turn 2 \(1\.\d s\)$/),
  ]);
});

function transcribing(model: string, knobs = {}) {
  const client = TestClient.onThePhone({knobs}, NO_ANSWER);
  const transcription = {model};
  client.say('session.update', {session: {type: 'realtime', audio: {input: {transcription}}}});
  client.frames.length = 0;
  client.hear(clip('caller-opening-hours'));
  client.wait(3_000);
  return client;
}

const TRANSCRIPTION = 'conversation.item.input_audio_transcription';
const types = (client: TestClient) => TestClient.types(client.frames);

test('a streaming recogniser sends words while the caller still speaks', () => {
  const client = transcribing('gpt-realtime-whisper');
  const order = types(client);
  expect(order.indexOf(`${TRANSCRIPTION}.delta`)).toBeLessThan(order.indexOf('input_audio_buffer.speech_stopped'));
  const deltas = client.all(`${TRANSCRIPTION}.delta`);
  const completed = client.one(`${TRANSCRIPTION}.completed`);
  expect(deltas.length).toBeGreaterThan(3);
  expect(deltas.map(({delta}) => delta).join('')).toBe(completed['transcript']);
  expect(completed['transcript']).toBe(callerClips['caller-opening-hours'].text);
  expect(completed['usage']).toEqual({type: 'duration', seconds: expect.any(Number)});
  expect(deltas[0]?.['item_id']).toBe(client.one('input_audio_buffer.speech_started')['item_id']);
});

test('the GPT-4o recognisers send their deltas after the commit and count tokens', () => {
  const client = transcribing('gpt-4o-mini-transcribe');
  const order = types(client);
  expect(order.indexOf(`${TRANSCRIPTION}.delta`)).toBeGreaterThan(order.indexOf('input_audio_buffer.committed'));
  expect(client.one(`${TRANSCRIPTION}.completed`)['usage']).toMatchObject({type: 'tokens'});
});

test('whisper sends one delta with everything', () => {
  const client = transcribing('whisper-1');
  expect(client.one(`${TRANSCRIPTION}.delta`)['delta']).toBe(callerClips['caller-opening-hours'].text);
});

test('an unknown recogniser fails every turn', () => {
  const client = transcribing('gpt-transcribe', {failTranscription: 'DeploymentNotFound'});
  expect(client.one(`${TRANSCRIPTION}.failed`)['error']).toMatchObject({
    type: 'server_error',
    code: 'DeploymentNotFound',
  });
  expect(client.all(`${TRANSCRIPTION}.completed`)).toEqual([]);
});

test('a transcription may come after the answer is done', () => {
  const client = TestClient.onThePhone({knobs: {transcriptionMs: [20_000, 20_000]}});
  const transcription = {model: 'gpt-4o-transcribe'};
  client.say('session.update', {session: {type: 'realtime', audio: {input: {transcription}}}});
  client.hear(turn(800));
  client.until('response.done');
  expect(client.all(`${TRANSCRIPTION}.completed`)).toEqual([]);
  expect(client.until(`${TRANSCRIPTION}.completed`)['transcript']).toContain('caller turn 1');
});

test('a silent caller is answered after the playback of the last answer and the idle timeout', () => {
  const client = TestClient.onThePhone({}, {type: 'server_vad', idle_timeout_ms: 5_000});
  client.say('response.create');
  client.until('response.done');
  const doneAt = client.clock.now();
  const spokenMs = client.session.items[0]?.audioMs ?? 0;
  client.hear(silence(Math.floor((spokenMs + 4_900) / 20) * 20));
  expect(client.all('input_audio_buffer.timeout_triggered')).toEqual([]);
  client.until('input_audio_buffer.timeout_triggered');
  expect(client.clock.now() - doneAt).toBeCloseTo(spokenMs + 5_000, -1);
  expect(client.frames.slice(-5).map(({type}) => type)).toEqual([
    'input_audio_buffer.timeout_triggered',
    'input_audio_buffer.committed',
    'conversation.item.added',
    'conversation.item.done',
    'response.created',
  ]);
});

test('a caller who speaks stops the idle timeout', () => {
  const client = TestClient.onThePhone({}, {type: 'server_vad', idle_timeout_ms: 5_000, create_response: false});
  client.say('response.create');
  client.until('response.done');
  client.hear(speech(300));
  client.wait(60_000);
  expect(client.all('input_audio_buffer.timeout_triggered')).toEqual([]);
});

test.for([
  ['low', 8_000],
  ['medium', 4_000],
  ['auto', 4_000],
  ['high', 2_000],
] as const)('semantic detection with eagerness %s waits up to %d ms for an unfinished sentence', ([eagerness, cap]) => {
  const client = TestClient.onThePhone({}, {type: 'semantic_vad', eagerness, create_response: false});
  client.hear(Buffer.concat([speech(640), silence(cap - 100)]));
  expect(client.all('input_audio_buffer.speech_stopped')).toEqual([]);
  client.hear(silence(200));
  expect(client.all('input_audio_buffer.speech_stopped')).toHaveLength(1);
});

test('semantic detection knows a finished sentence and does not wait', () => {
  const client = TestClient.onThePhone({}, {type: 'semantic_vad', create_response: false});
  client.hear(clip('caller-yes'));
  expect(client.all('input_audio_buffer.committed')).toHaveLength(1);
});
