import {expect, test} from 'vitest';
import {sound} from '../testing/call.ts';
import {joinBase64, mulawSamples, pcmSamples, pcmTone} from '../testing/pcm.ts';
import {ScriptedModel} from '../testing/scripted-model.ts';
import type {ModelEvent, SessionSettings} from './model-adapter.ts';
import {telephoneAudio} from './telephone-audio.ts';

const settings: SessionSettings = {
  model: 'm',
  instructions: '',
  voice: 'v',
  tools: [],
  serverInterrupts: false,
  serverResponds: false,
  maxOutputTokens: 4_096,
  safetyId: undefined,
};
const audio = (itemId: string, ms: number, hz = 440, responseId = 'r1'): ModelEvent => ({
  type: 'audio',
  responseId,
  itemId,
  payload: pcmTone(24_000, ms, hz),
});
const ended: ModelEvent = {
  type: 'responseEnded',
  responseId: 'r1',
  status: 'completed',
  reason: undefined,
  tokens: undefined,
};

function pcmSession() {
  const model = new ScriptedModel({audio: {encoding: 'pcm16', rateHz: 24_000}});
  model.readyAtOnce = false;
  const adapter = telephoneAudio(model);
  const session = adapter.open(settings);
  const events: ModelEvent[] = [];
  session.onEvent(event => events.push(event));
  const msOf = (item: string) =>
    mulawSamples(
      joinBase64(events.flatMap(event => (event.type === 'audio' && event.itemId === item ? [event.payload] : []))),
    ).length / 8;
  const [inner] = model.sessions;
  return {adapter, session, inner: inner!, events, msOf};
}

test('a model that speaks the telephone’s own audio pays nothing: its adapter is used as it is', () => {
  const model = new ScriptedModel();
  expect(telephoneAudio(model)).toBe(model);
});

test('a PCM model is given the caller’s audio as PCM, and every other command as it is', () => {
  const {adapter, session, inner} = pcmSession();
  expect(adapter.traits).toEqual({
    interruption: 'ours',
    answersTurns: true,
    hostsMcp: false,
    audio: {encoding: 'mulaw', rateHz: 8_000},
  });
  for (const payload of [sound(20), sound(1)]) session.hear(Buffer.from(`-${payload}-`), 1, 1 + payload.length);
  session.send({do: 'truncate', itemId: 'i1', audioEndMs: 700});
  const [first, second, cut] = inner.commands;
  expect(first?.do === 'hear' && pcmSamples(first.payload)).toHaveLength(18 * 24);
  expect(second?.do === 'hear' && pcmSamples(second.payload)).toHaveLength(24);
  expect(cut).toEqual({do: 'truncate', itemId: 'i1', audioEndMs: 700});
});

test('what a PCM model says is complete before its item ends', () => {
  const {inner, events, msOf} = pcmSession();
  inner.emit({type: 'responseStarted', responseId: 'r1', tag: undefined}, audio('i1', 100), audio('i1', 50));
  expect(msOf('i1')).toBe(148);
  inner.emit({type: 'audioEnded', itemId: 'i1'}, ended);
  expect(msOf('i1')).toBe(150);
  expect(events.map(({type}) => type)).toEqual([
    'responseStarted',
    'audio',
    'audio',
    'audio',
    'audioEnded',
    'responseEnded',
  ]);
});

test('what a PCM model says is complete where the server does not report that an item ends', () => {
  const {inner, events, msOf} = pcmSession();
  inner.emit(audio('i1', 100), audio('i2', 60), ended);
  expect([msOf('i1'), msOf('i2')]).toEqual([100, 60]);
  expect(events.at(-1)).toEqual(ended);
});

test('the end of another response takes nothing from the item that is being spoken', () => {
  const {inner, msOf} = pcmSession();
  inner.emit(audio('i2', 100, 440, 'r2'), ended, audio('i2', 100, 440, 'r2'));
  expect(msOf('i2')).toBe(198);
});
