import {expect, test} from 'vitest';
import {readClip} from '../../../audio/clips.ts';
import {readTag, readTagRuns, taggedAudio} from './tagged-audio.ts';

test('every millisecond of tagged audio says which item and which position it is', () => {
  const audio = taggedAudio(41_234, 90_000);
  expect(audio.length).toBe(720_000);
  expect(readTag(audio, 0)).toEqual({item: 41_234, block: 0});
  expect(readTag(audio, 8 * 89_999)).toEqual({item: 41_234, block: 89_999});
});

test('a recording shows what was played, in order, and where it was cut', () => {
  const heard = Buffer.concat([
    Buffer.alloc(163, 0xff),
    taggedAudio(1, 500),
    Buffer.alloc(80, 0xff),
    taggedAudio(2, 1000).subarray(0, 8 * 120),
  ]);
  expect(readTagRuns(heard)).toEqual([
    {item: 1, fromMs: 0, toMs: 500, at: 163},
    {item: 2, fromMs: 0, toMs: 120, at: 163 + 4000 + 80},
  ]);
});

test('a lost frame and a repeated frame both break a run', () => {
  const audio = taggedAudio(7, 100);
  const lost = Buffer.concat([audio.subarray(0, 160), audio.subarray(320)]);
  expect(readTagRuns(lost)).toMatchObject([{toMs: 20}, {fromMs: 40}]);
  const repeated = Buffer.concat([audio.subarray(0, 160), audio.subarray(0, 320)]);
  expect(readTagRuns(repeated)).toMatchObject([
    {fromMs: 0, toMs: 20},
    {fromMs: 0, toMs: 40},
  ]);
});

test('recorded speech and silence carry no tags', () => {
  expect(readTagRuns(readClip('assistant-long-story'))).toEqual([]);
  expect(readTagRuns(Buffer.alloc(8000, 0xff))).toEqual([]);
});
