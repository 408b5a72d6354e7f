import {chunkKey} from '@voicebridge/shared/recordings/chunk-key.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {expect, test} from 'vitest';
import {chunksAmong, emptyRecording, layInto, missingMs} from './join-chunks.ts';

const callSid = CallSid.parse('CA1');
const stored = (fromMs: number, ms: number, epoch = 1) => ({key: chunkKey(callSid, fromMs, epoch), bytes: ms * 16});

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

test('what lies outside the recording is left out, and what is no chunk is left alone', () => {
  const audio = emptyRecording(1_000, 1_010);
  const [early, late] = chunksAmong([stored(990, 15), stored(1_005, 100), {key: 'CA1/notes.txt', bytes: 3}]);
  layInto(audio, 1_000, early!, Buffer.alloc(15 * 16, 1));
  layInto(audio, 1_000, late!, Buffer.alloc(100 * 16, 2));
  expect(audio.every((byte, index) => byte === (index < 80 ? 1 : 2))).toBe(true);
});
