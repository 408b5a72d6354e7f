import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {expect, test} from 'vitest';
import type {CallEffect, Fact} from '../events/call-effect.ts';
import {began, Call} from '../testing/call.ts';
import {MemoryRecording} from '../testing/memory-recording.ts';
import {RecordingTap, type RecordingTapDeps} from './recording-tap.ts';

const callSid = CallSid.parse(`CA${'1'.repeat(32)}`);
const frame = Buffer.from(`-${Buffer.alloc(160, 0x20).toString('base64')}-`);

function tapped(given: Partial<RecordingTapDeps> = {}) {
  const opened: MemoryRecording[] = [];
  const begins: Millis[] = [];
  const failures: string[] = [];
  const tap = new RecordingTap({
    rule: {recording: true},
    open: (fromMs, inheritedMs) => {
      const inherited = inheritedMs === undefined ? {} : {inheritedMs};
      const recording = new MemoryRecording({callSid, assistant: 'd', epoch: 1, fromMs, ...inherited});
      opened.push(recording);
      return recording;
    },
    callTime: at => at,
    aheadMs: () => 0,
    roundTrip: () => ({typical: undefined, fastest: undefined}),
    onBegin: fromMs => begins.push(fromMs),
    onFailure: thrown => failures.push(String(thrown)),
    ...given,
  });
  return {tap, begins, failures, opened, hear: (at: Millis) => tap.callerFrame(at, frame, 1, frame.length - 1, at)};
}

test('a recording holds of an interrupted answer exactly what the phone played of it', () => {
  const {tap, opened} = tapped();
  tap.taken(false, 0);
  const call = Call.connected();
  const perform = (effects: readonly CallEffect[], at: number) => {
    for (const effect of effects) tap.effect(effect, at);
  };
  perform(call.at(1_000).reply('r1', 'i1', 1_000), 1_000);
  perform(call.at(1_600).model({type: 'callerSpoke', itemId: 'c1', fromMs: 1_500}), 1_600);
  perform(call.at(4_000).reply('r2', 'i2', 500), 4_000);
  tap.ended(5_000);
  const said = opened[0]?.assistant;
  expect(said?.msOf(0x10)).toBe(600 + 500);
  expect(said?.audio.subarray(0, 8 * 2_000).lastIndexOf(0x10)).toBe(8 * 1_600 - 1);
  expect(said?.spanOf(0x10)).toEqual([1_000, 4_500]);
});

test('a recording that throws is reported once and given nothing more, and the call goes on', () => {
  const {tap, opened, failures, hear} = tapped();
  tap.taken(false, 0);
  const [recording] = opened;
  if (recording)
    recording.callerFrame = () => {
      throw new Error('the disk is full');
    };
  hear(0);
  hear(20);
  tap.ended(40);
  expect([failures, recording?.isOver]).toEqual([['Error: the disk is full'], false]);
});

test('a recording that cannot be opened is reported, and its call goes on without one', () => {
  const open = () => {
    throw new Error('no room');
  };
  const {tap, failures, begins, hear} = tapped({open});
  tap.taken(false, 0);
  hear(0);
  expect([failures, begins]).toEqual([['Error: no room'], []]);
});

const turn = (number: number, open?: boolean) =>
  ({is: 'turn', turn: {turn: number}, ...(open === undefined ? {} : {open})}) as unknown as Fact;

test('a caller who is told of the recording in the greeting is recorded from the end of the greeting on', () => {
  const {tap, begins, opened, hear} = tapped({rule: {recording: true, recordingAfter: 'greeting'}});
  tap.taken(false, 0);
  hear(100);
  tap.noted(turn(0, true), 500);
  expect(begins).toEqual([]);
  tap.noted(turn(0), 2_000);
  hear(2_000);
  tap.ended(3_000);
  expect([begins, opened[0]?.caller.msOf(0x20)]).toEqual([[2_000], 20]);
});

test('a caller who is asked is recorded from the key on with which they agree, and not without it', () => {
  const {tap, begins} = tapped({rule: {recording: true, recordingAfter: {key: '1'}}});
  tap.taken(false, 0);
  tap.edge({kind: 'digit', digit: '2'}, 1_000);
  tap.noted(turn(0), 2_000);
  expect(begins).toEqual([]);
  tap.edge({kind: 'digit', digit: '1'}, 3_000);
  tap.edge({kind: 'digit', digit: '1'}, 4_000);
  expect(begins).toEqual([3_000]);
});

test('a caller who has agreed is recorded by the next owner of the call, without being asked again', () => {
  const {tap, begins, opened} = tapped({rule: {recording: true, recordingAfter: {key: '1'}}});
  tap.taken(true, 60_000);
  tap.ended(61_000);
  expect([begins, opened[0]?.caller.ms]).toEqual([[], 1_000]);
});

test('of a stream that is lost, nothing is recorded as heard after the last frame of the caller', () => {
  const {tap, opened, hear} = tapped();
  tap.taken(false, 0);
  tap.edge(began, 0);
  hear(80);
  tap.effect(
    {do: 'edge', frame: {kind: 'audio', payload: Buffer.alloc(8_000, 0x10).toString('base64'), mark: 'm'}},
    100,
  );
  for (let at = 100; at <= 400; at += 20) hear(at);
  tap.edge({kind: 'ended', why: 'lost'}, 900);
  tap.ended(2_000);
  expect(opened[0]?.assistant.spanOf(0x10)).toEqual([100, 400]);
});

test('the first answer is where the phone played it, as soon as the way to the phone was measured', () => {
  let measured: Millis | undefined;
  const {tap, opened} = tapped({roundTrip: () => ({typical: measured, fastest: measured})});
  tap.taken(false, 0);
  const payload = Buffer.alloc(800, 0x10).toString('base64');
  measured = 80;
  tap.effect({do: 'edge', frame: {kind: 'audio', payload, mark: 'm'}}, 500);
  tap.ended(1_000);
  expect(opened[0]?.assistant.spanOf(0x10)).toEqual([540, 640]);
});

test.for([
  ['is recorded by the next one', false, 1_200],
  ['is not, if the caller enters a card number', true, 1_000],
] as const)('what a caller says after their owner froze %s', ([, isCollecting, ms]) => {
  const {tap, opened} = tapped();
  tap.pause(isCollecting, 5_200);
  tap.taken(true, 5_200, began.streamSid);
  tap.edge({...began, silentMs: 210}, 5_210);
  for (let at = 4_000; at < 6_200; at += 20) tap.callerFrame(at, frame, 1, frame.length - 1, Math.max(at, 5_210));
  if (isCollecting) tap.pause(false, 5_200);
  tap.ended(6_200);
  expect(opened[0]?.caller.msOf(0x20)).toBe(ms);
});

test('the next owner leaves to the one before what the phone still plays, unless its stream is gone', () => {
  for (const streamSid of [began.streamSid, 'of an edge that died']) {
    const {tap, opened} = tapped({aheadMs: () => 3_000});
    tap.taken(true, 5_200, streamSid);
    tap.edge({...began, silentMs: 210}, 5_210);
    tap.callerFrame(4_000, frame, 1, frame.length - 1, 5_210);
    tap.callerFrame(5_210, frame, 1, frame.length - 1, 5_210);
    tap.ended(10_000);
    expect([...(opened[0]?.chunks.keys() ?? [])].filter(key => key.endsWith('-caller.ulaw'))).toHaveLength(1);
    const [key = '', body] = [...(opened[0]?.chunks ?? [])][0] ?? [];
    expect([key.includes('000005000'), (body?.length ?? 0) / 16]).toEqual([
      true,
      streamSid === began.streamSid ? 3_200 : 200,
    ]);
  }
});
