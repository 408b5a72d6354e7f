import {expect, test} from 'vitest';
import {callerClips, readClip} from '../../../audio/clips.ts';
import {silence, speech} from '../testing/test-client.ts';
import {VoiceActivity, type VoiceEvent} from './voice-activity.ts';

const PCMU = {type: 'audio/pcmu'} as const;
const settings = {level: 500, onsetMs: 64, prefixMs: 300, silenceMs: 500};

function heard(audio: Buffer, frameBytes = 160): VoiceEvent[] {
  const voice = new VoiceActivity();
  const events: VoiceEvent[] = [];
  for (let from = 0; from < audio.length; from += frameBytes) {
    events.push(...voice.hear(audio.subarray(from, from + frameBytes), PCMU, settings));
  }
  return events;
}

test('speech starts a little before its onset and stops after the silence, both on a grid of 32 ms', () => {
  const [started, stopped, ...more] = heard(Buffer.concat([silence(1000), speech(1000), silence(1000)]));
  expect(started).toEqual({type: 'started', audioStartMs: 31 * 32 - 300});
  expect(stopped).toEqual({type: 'stopped', audioEndMs: (63 + 16) * 32});
  expect(more).toEqual([]);
});

test('a start never lies before the beginning', () => {
  expect(heard(speech(200))).toEqual([{type: 'started', audioStartMs: 0}]);
});

test('how audio is cut into frames makes no difference', () => {
  const audio = Buffer.concat([silence(333), speech(777), silence(900), speech(300), silence(600)]);
  expect(heard(audio, 37)).toEqual(heard(audio, 160));
  expect(heard(audio, audio.length)).toEqual(heard(audio, 160));
});

test('speech is heard above the noise of its line, however quiet it is, and the noise is not', () => {
  const square = (level: number, ms: number) => {
    const audio = Buffer.alloc(ms * 48);
    for (let at = 0; at < audio.length; at += 2) audio.writeInt16LE(at % 96 < 48 ? level : -level, at);
    return audio;
  };
  const hears = (noise: number, voice: number) =>
    new VoiceActivity().hear(
      Buffer.concat([square(noise, 3_000), square(voice, 640), square(noise, 3_000)]),
      {type: 'audio/pcm', rate: 24_000},
      {...settings, level: 60, aboveNoise: 2},
    );
  expect(hears(40, 160).map(({type}) => type)).toEqual(['started', 'stopped']);
  expect(hears(400, 1_600).map(({type}) => type)).toEqual(['started', 'stopped']);
  expect(hears(400, 600)).toEqual([]);
});

test('without more audio a turn stays open, whatever time it is', () => {
  expect(heard(Buffer.concat([speech(1000), silence(400)]))).toHaveLength(1);
});

test('a click is not speech', () => {
  expect(heard(Buffer.concat([silence(320), speech(32), silence(1000)]))).toEqual([]);
});

test('24 kHz PCM is heard like μ-law', () => {
  const voice = new VoiceActivity();
  const pcm = Buffer.alloc(48_000);
  for (let at = 0; at < pcm.length; at += 2) pcm.writeInt16LE(at % 96 < 48 ? 8000 : -8000, at);
  expect(voice.hear(pcm, {type: 'audio/pcm', rate: 24_000}, settings)).toEqual([{type: 'started', audioStartMs: 0}]);
});

test.for(Object.keys(callerClips) as (keyof typeof callerClips)[])('%s is one turn', name => {
  const events = heard(Buffer.concat([silence(500), readClip(name), silence(1000)]));
  expect(events.map(({type}) => type)).toEqual(['started', 'stopped']);
});
