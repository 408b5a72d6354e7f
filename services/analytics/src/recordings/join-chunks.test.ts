import {chunkKey, type Sides} from '@voicebridge/shared/recordings/chunk-key.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {expect, test} from 'vitest';
import {chunksAmong, emptyRecording, layInto, missingMs} from './join-chunks.ts';

const callSid = CallSid.parse('CA1');
const stored = (fromMs: number, ms: number, epoch = 1, sides?: Sides) => ({
  key: chunkKey(callSid, fromMs, epoch, sides),
  bytes: ms * 16,
});

test('what lies between the chunks of a call is missing, and what two owners wrote is not counted twice', () => {
  const chunks = chunksAmong([stored(0, 10_000), stored(9_000, 3_000, 2), stored(15_000, 5_000, 2)]);
  expect(missingMs(chunks, 0, 20_000)).toBe(3_000);
  expect(missingMs(chunks, 0, 26_000)).toBe(9_000);
  expect(missingMs([], 500, 1_500)).toBe(1_000);
});

test('where two owners of a call wrote the same moment, the later one is right', () => {
  const objects = [stored(0, 20, 2), stored(10, 20, 1)];
  const audio = emptyRecording(0, 40);
  for (const chunk of chunksAmong(objects))
    layInto(audio, 0, chunk, Buffer.alloc((chunk.untilMs - chunk.fromMs) * 16, chunk.epoch));
  const at = (ms: number) => audio[ms * 16];
  expect([at(0), at(19), at(20), at(29), at(30)]).toEqual([2, 2, 1, 1, 0xff]);
});

test('an owner that knows one side of a moment leaves the other side to the owner before it', () => {
  const audio = emptyRecording(0, 40);
  for (const chunk of chunksAmong([stored(10, 20, 2, 'caller'), stored(0, 20, 1), stored(20, 10, 1, 'assistant')]))
    layInto(audio, 0, chunk, Buffer.alloc((chunk.untilMs - chunk.fromMs) * 16, chunk.epoch));
  const at = (ms: number) => [audio[ms * 16], audio[ms * 16 + 1]];
  expect([5, 15, 25, 35].map(at)).toEqual([
    [1, 1],
    [2, 1],
    [2, 1],
    [0xff, 0xff],
  ]);
});

test('a moment of which one side is in no chunk is missing, and counts once', () => {
  const caller = stored(1_000, 3_000, 2, 'caller');
  expect(missingMs(chunksAmong([caller, stored(4_000, 1_000, 2)]), 0, 5_000)).toBe(4_000);
  expect(missingMs(chunksAmong([stored(0, 2_000), caller, stored(4_000, 1_000, 2)]), 0, 5_000)).toBe(2_000);
  const tail = stored(2_000, 2_500, 1, 'assistant');
  expect(missingMs(chunksAmong([stored(0, 2_000), tail, caller, stored(4_000, 1_000, 2)]), 0, 5_000)).toBe(0);
  expect(missingMs(chunksAmong([stored(0, 2_000), tail]), 0, 5_000)).toBe(3_000);
});

test('what lies outside the recording is left out, and what is no chunk is left alone', () => {
  const audio = emptyRecording(1_000, 1_010);
  const [early, late] = chunksAmong([stored(990, 15), stored(1_005, 100), {key: 'CA1/notes.txt', bytes: 3}]);
  layInto(audio, 1_000, early!, Buffer.alloc(15 * 16, 1));
  layInto(audio, 1_000, late!, Buffer.alloc(100 * 16, 2));
  expect(audio.every((byte, index) => byte === (index < 80 ? 1 : 2))).toBe(true);
});
