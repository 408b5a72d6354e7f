import fc from 'fast-check';
import {expect, test} from 'vitest';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import {coalesceAudio} from './coalesce-audio.ts';

const audio = (timestamp: number, bytes = 160): EdgeToWorker => ({
  kind: 'audio',
  timestamp,
  payload: Buffer.alloc(bytes, timestamp % 256).toString('base64'),
});
const bytesOf = (frames: readonly EdgeToWorker[]) =>
  Buffer.concat(frames.map(frame => (frame.kind === 'audio' ? Buffer.from(frame.payload, 'base64') : Buffer.alloc(0))));

test('a second of frames becomes one message, and five seconds become five', () => {
  const spoken = Array.from({length: 250}, (_, frame) => audio(100 + frame * 20));
  const joined = coalesceAudio(spoken);
  expect(joined.map(frame => frame.kind === 'audio' && frame.timestamp)).toEqual([100, 1_100, 2_100, 3_100, 4_100]);
  expect(bytesOf(joined).equals(bytesOf(spoken))).toBe(true);
});

test('a gap in the clock of the caller, a mark and a digit keep their places', () => {
  const frames: EdgeToWorker[] = [
    audio(0),
    audio(20),
    {kind: 'mark', name: 'm'},
    audio(40),
    {kind: 'digit', digit: '1'},
    audio(60),
    audio(500),
  ];
  expect(coalesceAudio(frames).map(frame => (frame.kind === 'audio' ? frame.timestamp : frame.kind))).toEqual([
    0,
    'mark',
    40,
    'digit',
    60,
    500,
  ]);
});

test('no byte of audio is lost or moved, whatever the frames are', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(60), fc.integer({min: 1, max: 900}))), pieces => {
      let at = 0;
      const frames = pieces.map(([gap, bytes]) => audio((at += gap), bytes));
      expect(bytesOf(coalesceAudio(frames)).equals(bytesOf(frames))).toBe(true);
    }),
  );
});
