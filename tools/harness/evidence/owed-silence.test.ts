import {expect, test} from 'vitest';
import {taggedAudio} from '../../../simulators/openai/src/audio/tagged-audio.ts';
import {PlayQueue} from '../../../simulators/twilio/src/phone/play-queue.ts';
import {owedSilences, soundsIn, type Sound, type Wait} from './owed-silence.ts';

const greeting: Sound = {item: 1, from: 500, to: 2_500};
const start: Wait = {after: 'start', since: 0};

test('a caller waits from the start of the call to the first sound', () => {
  expect(owedSilences([start], [greeting], 60_000)).toEqual([{after: 'start', since: 0, ms: 500, ended: 'heard'}]);
});

test('a caller who is never answered waits to the end of the call', () => {
  const turn: Wait = {after: 'turn', since: 4_000};
  expect(owedSilences([turn], [greeting], 60_000)).toEqual([{after: 'turn', since: 4_000, ms: 56_000, ended: 'call'}]);
});

test('audio that was playing before is no answer, so the caller waits from its end', () => {
  const turn: Wait = {after: 'turn', since: 2_000};
  const answer: Sound = {item: 2, from: 4_000, to: 5_000};
  expect(owedSilences([turn], [greeting, answer], 60_000)).toMatchObject([{since: 2_500, ms: 1_500, ended: 'heard'}]);
  // Also where the answer follows without a pause.
  expect(owedSilences([turn], [greeting, {...answer, from: 2_500}], 60_000)).toMatchObject([{ms: 0, ended: 'heard'}]);
});

test('the wait of a caller who speaks again starts over', () => {
  const answer: Sound = {item: 2, from: 12_000, to: 13_000};
  const waits: Wait[] = [
    {after: 'turn', since: 4_000, until: 9_000},
    {after: 'turn', since: 10_000},
  ];
  expect(owedSilences(waits, [greeting, answer], 60_000)).toMatchObject([
    {ms: 5_000, ended: 'caller'},
    {ms: 2_000, ended: 'heard'},
  ]);
});

test('silence that is sent as audio does not count as sound, and sound counts where the phone played it', () => {
  const queue = new PlayQueue();
  queue.enqueue(taggedAudio(1, 300), 100);
  queue.enqueue(Buffer.alloc(800, 0xff), 100);
  queue.advance(1_000);
  queue.enqueue(taggedAudio(2, 200), 1_000);
  queue.advance(2_000);
  expect(soundsIn(queue.played(), queue.segments)).toEqual([
    {item: 1, from: 100, to: 400},
    {item: 2, from: 1_000, to: 1_200},
  ]);
});
