import {expect, test} from 'vitest';
import {BUILT_IN_INSTRUCTIONS, defaultConfig, updateConfig, type SessionConfig} from './session-config.ts';

const QUIET = {hasSpoken: false, isSpeaking: false};
const fresh = defaultConfig('gpt-realtime-2.1');

function updated(update: object, config: SessionConfig = fresh, facts = QUIET): SessionConfig {
  const result = updateConfig(config, {type: 'realtime', ...update}, facts);
  if (!result.ok) throw new Error(result.refusal.message);
  return result.config;
}

function refused(update: object, facts = QUIET) {
  const result = updateConfig(fresh, {type: 'realtime', ...update}, facts);
  return result.ok ? undefined : result.refusal;
}

test('defaults differ by model: the older one speaks as alloy and waits 200 ms, the newer as marin and waits 500', () => {
  const older = defaultConfig('gpt-realtime').audio;
  expect([older.output.voice, older.input.turn_detection]).toMatchObject(['alloy', {silence_duration_ms: 200}]);
  expect([fresh.audio.output.voice, fresh.audio.input.turn_detection]).toMatchObject([
    'marin',
    {type: 'server_vad', threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 500, idle_timeout_ms: null},
  ]);
  expect(fresh.audio.input.format).toEqual({type: 'audio/pcm', rate: 24_000});
});

test('an update changes what it names and nothing else', () => {
  const config = updated({audio: {output: {voice: 'cedar'}}});
  expect(config.audio.output).toEqual({...fresh.audio.output, voice: 'cedar'});
  expect(config.audio.input).toEqual(fresh.audio.input);
  expect(updated({audio: {input: {noise_reduction: {type: 'near_field'}}}}, config).audio.output.voice).toBe('cedar');
});

test('empty instructions bring the built-in ones back', () => {
  const config = updated({instructions: 'Be brief.'});
  expect(config.instructions).toBe('Be brief.');
  expect(updated({instructions: ''}, config).instructions).toBe(BUILT_IN_INSTRUCTIONS);
});

test('a transcription is echoed with its language and prompt, even when they were not set', () => {
  const {transcription} = updated({audio: {input: {transcription: {model: 'gpt-realtime-whisper'}}}}).audio.input;
  expect(transcription).toEqual({model: 'gpt-realtime-whisper', language: null, prompt: null});
});

test('turn detection can be semantic or off', () => {
  expect(updated({audio: {input: {turn_detection: {type: 'semantic_vad'}}}}).audio.input.turn_detection).toEqual({
    type: 'semantic_vad',
    eagerness: 'auto',
    create_response: true,
    interrupt_response: true,
  });
  expect(updated({audio: {input: {turn_detection: null}}}).audio.input.turn_detection).toBeNull();
});

test('the voice is fixed once the model has spoken, but the same voice may be sent again', () => {
  const spoken = {hasSpoken: true, isSpeaking: false};
  expect(refused({audio: {output: {voice: 'alloy'}}}, spoken)).toMatchObject({
    code: 'cannot_update_voice',
    message: "Cannot update a conversation's voice if assistant audio is present.",
    param: null,
  });
  expect(refused({audio: {output: {voice: 'marin'}}}, spoken)).toBeUndefined();
});

test('invalid updates are refused: both modalities, a threshold above 1, another model, a speed while speaking', () => {
  expect(refused({output_modalities: ['audio', 'text']})).toMatchObject({code: 'invalid_value'});
  expect(refused({audio: {input: {turn_detection: {type: 'server_vad', threshold: 1.2}}}})).toMatchObject({
    code: 'decimal_above_max_value',
    param: 'session.audio.input.turn_detection.threshold',
  });
  expect(refused({max_output_tokens: 5000})).toMatchObject({code: 'integer_above_max_value'});
  expect(refused({model: 'gpt-realtime'})).toMatchObject({param: 'session.model'});
  expect(refused({audio: {output: {voice: 'siri'}}})).toMatchObject({code: 'invalid_value'});
  expect(refused({audio: {output: {speed: 1.2}}}, {hasSpoken: true, isSpeaking: true})).toBeDefined();
  expect(refused({tools: [{type: 'function'}]})).toMatchObject({param: 'session.tools[0].name'});
});
