import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {MemoryRecording, Side} from '../testing/memory-recording.ts';

const callSid = CallSid.parse(`CA${'1'.repeat(32)}`);
const recorded = (fromMs = 0) => new MemoryRecording({callSid, assistant: 'd', epoch: 3, fromMs});
const text = (ms: Millis, byte: number) => Buffer.from(Buffer.alloc(Math.round(ms) * 8, byte).toString('base64'));

function hear(recording: MemoryRecording, streamMs: Millis, atMs: Millis, byte = 0x20): void {
  const frame = text(20, byte);
  recording.callerFrame(streamMs, frame, 0, frame.length, atMs);
}

test('each side of a recording is where it was spoken, as far as the way to the phone is known', () => {
  const recording = recorded();
  recording.way({there: 40, back: 40});
  for (let n = 0; n < 50; n += 1) hear(recording, n * 20, 1_000 + n * 20, n === 25 ? 0x20 : 0x21);
  recording.assistantAudio(text(100, 0x10).toString(), 1_500);
  recording.ended(3_000);
  expect(recording.caller.spanOf(0x20)).toEqual([1_460, 1_480]);
  expect(recording.assistant.spanOf(0x10)).toEqual([1_540, 1_640]);
});

test('the caller, who is placed by the fastest frames, is placed by the fastest way back, however long the usual one is', () => {
  const recording = recorded();
  recording.way({there: 55, back: 35});
  // Most frames take 55 ms, and one in twenty takes 35.
  for (let n = 0; n < 100; n += 1)
    hear(recording, n * 20, 1_000 + n * 20 + (n % 20 === 5 ? 35 : 55), n === 50 ? 0x20 : 0x21);
  recording.ended(4_000);
  const [from = 0, to = 0] = recording.caller.spanOf(0x20) ?? [];
  expect(to - from).toBe(20);
  expect(Math.abs(from - 2_000)).toBeLessThan(1);
});

test('a frame that is held up on its way does not move what the caller said', () => {
  const recording = recorded();
  for (let n = 0; n < 200; n += 1)
    hear(recording, n * 20, 500 + n * 20 + (n % 10 === 7 ? 90 : 0), n === 107 ? 0x20 : 0x21);
  recording.ended(6_000);
  expect(recording.caller.spanOf(0x20)).toEqual([500 + 107 * 20, 500 + 108 * 20]);
  expect(recording.caller.spanOf(0x21)).toEqual([500, 4_500]);
});

test('every word of a caller is there, and in its place, although timestamps rise by a little less than the time', () => {
  const recording = recorded();
  // Three minutes, and one frame a second is stamped 2 ms early, as captures of real calls have it: 0.4 s in the end.
  const frames = 10_000;
  let stamp = 100;
  for (let n = 0; n < frames; n += 1) {
    const at = 1_000 + n * 20;
    hear(recording, stamp, at, n >= frames - 50 ? 0x20 : 0x21);
    stamp += n % 50 === 9 ? 18 : 20;
    if (n % 50 === 0) recording.review(at);
  }
  recording.ended(1_000 + frames * 20);
  const [from = 0] = recording.caller.spanOf(0x20) ?? [];
  expect(recording.caller.msOf(0x20)).toBe(1_000);
  expect(Math.abs(from - (1_000 + (frames - 50) * 20))).toBeLessThanOrEqual(20);
  expect(recording.caller.msOf(0x21)).toBeGreaterThan(0.999 * (frames - 50) * 20);
});

test('what a new owner is sent again of the last seconds has the place where it was spoken, and once', () => {
  const recording = recorded(20_000);
  for (let n = 0; n < 400; n += 1) hear(recording, 12_000 + n * 20, 20_010, n === 399 ? 0x20 : 0x21);
  for (let n = 0; n < 50; n += 1) hear(recording, 20_000 + n * 20, 20_020 + n * 20, 0x22);
  hear(recording, 20_000, 20_500, 0x23);
  recording.ended(22_000);
  // Of what lies before this worker had the call, the owner before it has the chunk.
  expect(recording.caller.msOf(0x21)).toBeLessThan(20);
  expect(recording.caller.msOf(0x22)).toBe(1_000);
  expect(recording.caller.msOf(0x23)).toBe(0);
});

test('what did not reach the phone for a while is where the caller heard it at last, and nothing of it twice', () => {
  const recording = recorded();
  recording.way({there: 40, back: 40});
  const say = (byte: number, at: Millis) => recording.assistantAudio(text(200, byte).toString(), at);
  say(0x10, 1_000);
  say(0x11, 1_200);
  say(0x12, 1_400);
  recording.late(1_200, 1_650);
  say(0x13, 1_700);
  recording.late(1_400, 3_000);
  recording.late(undefined, 4_000);
  say(0x14, 4_300);
  recording.ended(6_000);
  const {assistant} = recording;
  const spans = [0x10, 0x11, 0x12, 0x13, 0x14].map(byte => assistant.spanOf(byte));
  expect(spans).toEqual([
    [1_040, 1_240],
    [3_040, 3_240],
    [4_040, 4_240],
    [4_240, 4_440],
    [4_440, 4_640],
  ]);
});

test('what a clear overtakes on the way to the phone was never heard', () => {
  const recording = recorded();
  recording.assistantAudio(text(2_000, 0x10).toString(), 1_000);
  recording.late(1_000, 1_400);
  recording.cleared(2_000);
  recording.assistantAudio(text(200, 0x11).toString(), 2_500);
  recording.late(undefined, 3_000);
  recording.ended(5_000);
  expect([recording.assistant.msOf(0x10), recording.assistant.spanOf(0x11)]).toEqual([0, [3_000, 3_200]]);
});

test('a recording is handed over in chunks of ten seconds, so that a worker that dies loses no more', () => {
  const recording = recorded(500);
  for (let at = 500; at <= 25_000; at += 1_000) recording.review(at);
  expect([...recording.chunks.keys()]).toEqual([
    `${callSid}/000000500-0000000003.ulaw`,
    `${callSid}/000010500-0000000003.ulaw`,
  ]);
  recording.ended(25_000);
  expect([...recording.chunks.values()].map(body => body.length / 16)).toEqual([10_000, 10_000, 4_500]);
});

test('what is said while a caller enters a card number is not in the recording, on either side', () => {
  const recording = recorded();
  for (let n = 0; n < 100; n += 1) {
    if (n === 20) recording.pause(400);
    if (n === 60) recording.goOn(1_200);
    hear(recording, n * 20, n * 20);
    recording.assistantAudio(text(20, 0x10).toString(), n * 20);
  }
  recording.ended(2_000);
  for (const [side, byte] of [
    [recording.caller, 0x20],
    [recording.assistant, 0x10],
  ] as const) {
    expect(side.msOf(byte)).toBe(1_200);
    expect(side.audio.subarray(400 * 8, 1_200 * 8).every(one => one === 0xff)).toBe(true);
  }
});

test('whatever is said, cut off and lost, a recording never holds more of the assistant than it was sent, nor in two places', () => {
  const step = fc.record({
    after: fc.integer({min: 0, max: 3_000}),
    what: fc.constantFrom('say', 'clear', 'lost', 'review', 'late', 'arrived'),
    ms: fc.integer({min: 20, max: 5_000}),
  });
  fc.assert(
    fc.property(fc.array(step, {maxLength: 60}), fc.integer({min: 0, max: 200}), (steps, way) => {
      const recording = recorded();
      recording.way({there: way, back: way});
      let at = 0;
      let sent = 0;
      for (const {after, what, ms} of steps) {
        at += after;
        hear(recording, at, at);
        if (what === 'clear') recording.cleared(at);
        if (what === 'lost') recording.streamLost();
        if (what === 'review') recording.review(at);
        if (what === 'late') recording.late(at - 300, at);
        if (what === 'arrived') recording.late(undefined, at);
        if (what !== 'say') continue;
        recording.assistantAudio(text(ms, 0x10).toString(), at);
        sent += ms;
      }
      recording.ended(at + 30_000);
      const side: Side = recording.assistant;
      expect(side.msOf(0x10)).toBeLessThanOrEqual(sent);
      expect(side.ms).toBe(at + 30_000);
    }),
    {numRuns: 30},
  );
});
