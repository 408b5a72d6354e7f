import {expect, test} from 'vitest';
import {readClip} from '../../../audio/clips.ts';
import {FRAME_BYTES} from './audio-frames.ts';
import {readFrameTag, TAG_BYTES} from './frame-tag.ts';
import {Microphone} from './microphone.ts';

test('what the caller says leaves the phone byte by byte, with silence around it', () => {
  const mouth = new Microphone();
  const clip = readClip('caller-yes');
  mouth.next(0);
  mouth.say('caller-yes', clip);
  const frames: Buffer[] = [];
  for (let at = 20; mouth.talking; at += 20) frames.push(mouth.next(at).frame.bytes);
  expect(Buffer.concat(frames).subarray(0, clip.length)).toEqual(clip);
  expect(frames.every(({length}) => length === FRAME_BYTES)).toBe(true);
  expect(mouth.spoken).toEqual([{clip: 'caller-yes', startedAt: 20, endedAt: 20 + frames.length * 20}]);
  expect(mouth.next(5_000).frame.speech).toBe(false);
});

test('a quiet line carries both zeros of μ-law', () => {
  const bytes = new Set(
    Array.from({length: 20}, (_, frame) => [...new Microphone().next(frame * 20).frame.bytes]).flat(),
  );
  expect(bytes).toEqual(new Set([0x7f, 0xff]));
});

test('a caller who is cut off has spoken until then', () => {
  const mouth = new Microphone();
  mouth.say('long', Buffer.alloc(8_000, 1));
  mouth.next(0);
  mouth.next(20);
  mouth.stop(33);
  expect(mouth.spoken).toEqual([{clip: 'long', startedAt: 0, endedAt: 33}]);
});

test('tagged frames name their call and their place, and keep the rest of the sound', () => {
  const mouth = new Microphone(70_000);
  mouth.say('speech', Buffer.alloc(FRAME_BYTES * 2, 9));
  const frames = [0, 20, 40].map(at => mouth.next(at).frame);
  expect(frames.map(({bytes}) => readFrameTag(bytes))).toEqual([0, 1, 2].map(frame => ({tag: 70_000, frame})));
  expect(frames[0]!.bytes.subarray(TAG_BYTES)).toEqual(Buffer.alloc(FRAME_BYTES - TAG_BYTES, 9));
  expect(Buffer.from(frames[1]!.base64, 'base64')).toEqual(frames[1]!.bytes);
  expect(readFrameTag(Buffer.alloc(160, 0xff))).toBeUndefined();
});
