import {expect, test} from 'vitest';
import type {CallEffect} from '../events/call-effect.ts';
import {Call} from '../testing/call.ts';
import {MemoryRecording} from '../testing/memory-recording.ts';
import {RecordingTap} from './recording-tap.ts';

test('a recording holds of an interrupted answer exactly what the phone played of it', () => {
  const recording = new MemoryRecording();
  const tap = new RecordingTap(
    recording,
    at => at,
    () => {},
  );
  const call = Call.connected();
  const perform = (effects: readonly CallEffect[], at: number) => {
    for (const effect of effects) tap.effect(effect, at);
  };
  perform(call.at(1_000).reply('r1', 'i1', 1_000), 1_000);
  perform(call.at(1_600).model({type: 'callerSpoke', itemId: 'c1', fromMs: 1_500}), 1_600);
  expect(recording.assistant.msOf(0x10)).toBe(600);
  perform(call.at(4_000).reply('r2', 'i2', 500), 4_000);
  expect(recording.assistant.msOf(0x10)).toBe(1_100);
  expect(recording.assistant.audio.length).toBe(4_500 * 8);
});

test('a recording places the caller’s audio on the time line of the call', () => {
  const recording = new MemoryRecording();
  const tap = new RecordingTap(
    recording,
    at => at + 10_000,
    () => {},
  );
  const text = Buffer.from(`-${Buffer.alloc(160, 0x20).toString('base64')}-`);
  tap.callerFrame(0, text, 1, text.length - 1, 100);
  tap.ended(200);
  expect(recording.caller.audio.length).toBe(10_120 * 8);
  expect(recording.caller.msOf(0x20)).toBe(20);
  expect(recording.endedAt).toBe(10_200);
});

test('a recording that throws is reported once and given nothing more, and the call goes on', () => {
  const recording = new MemoryRecording();
  recording.callerAudio = () => {
    throw new Error('the disk is full');
  };
  const failures: unknown[] = [];
  const tap = new RecordingTap(
    recording,
    at => at,
    thrown => failures.push(thrown),
  );
  const text = Buffer.from(Buffer.alloc(160, 0x20).toString('base64'));
  for (const at of [0, 20]) tap.callerFrame(at, text, 0, text.length, at);
  tap.ended(40);
  expect([failures.map(String), recording.endedAt]).toEqual([['Error: the disk is full'], undefined]);
});
