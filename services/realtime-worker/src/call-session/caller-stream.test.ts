import type {FrameChannels, OnCallerAudio, WorkerChannel} from '@voicebridge/shared/frame-channel/frame-channel.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import type {WorkerToEdge} from '@voicebridge/shared/protocol/worker-to-edge.ts';
import {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test} from 'vitest';
import {type StreamCounts, CallerStream} from './caller-stream.ts';

const callSid = CallSid.parse(`CA${'1'.repeat(32)}`);
const edge = ProcessId.parse('edge-0001');
const streamSid = StreamSid.parse(`MZ${'1'.repeat(32)}`);

/** A line with one stream on it, whose edge is the test. */
async function opened() {
  const clock = new FakeClock();
  const heard: EdgeToWorker[] = [];
  const counted: StreamCounts[] = [];
  let say: (frame: EdgeToWorker, sentAt?: number) => void = () => {};
  let sayAudio: OnCallerAudio = () => {};
  let lastSeenAt: number | undefined;
  const sent: WorkerToEdge[] = [];
  const channel = {
    send: (frame: WorkerToEdge) => sent.push(frame),
    onFrame: (listener: typeof say) => (say = listener),
    onAudio: (listener: typeof sayAudio) => (sayAudio = listener),
    onUndelivered: () => {},
    closed: new Promise(() => {}),
    lastSeenAt: () => lastSeenAt,
    counts: () => ({sent: 4, received: 9, duplicates: 1, lost: 2}),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  } as unknown as WorkerChannel;
  const line = new CallerStream({
    callSid,
    channels: {workerEnd: () => Promise.resolve(channel)} as unknown as FrameChannels,
    clock,
    log: createLog('test', {level: 'silent'}),
    onFrame: frame => heard.push(frame),
    onAudio: (timestamp, bytes, from, to) => heard.push(audio(timestamp, bytes.toString('latin1', from, to))),
    onUndelivered: () => {},
    onNewerOwner: () => {},
    onClosed: each => counted.push(each),
  });
  await line.attach(streamSid, edge, 1).done;
  const speak = (frame: EdgeToWorker, sentAt?: number) => {
    lastSeenAt = clock.now();
    say(frame, sentAt);
  };
  const speakAudio = (timestamp: number, payload: string) => {
    lastSeenAt = clock.now();
    sayAudio(timestamp, Buffer.from(`-${payload}-`), 1, 1 + payload.length);
  };
  const wait = (ms: number) => {
    for (let waited = 0; waited < ms; waited += 1_000) {
      clock.advance(1_000);
      line.checkEdge(() => 0);
    }
  };
  return {line, heard, sent, counted, speak, speakAudio, wait};
}

const began = {kind: 'began', callSid, streamSid, edge, at: 5_000, sinceStartMs: 20, silentMs: 300} as const;
const audio = (timestamp: number, payload: string): EdgeToWorker => ({kind: 'audio', timestamp, payload});
const digit: EdgeToWorker = {kind: 'digit', digit: '1'};

test('a stream whose edge falls silent is reported as lost once', async () => {
  const {heard, speak, wait} = await opened();
  speak(digit);
  wait(30_000);
  expect(heard).toEqual([digit, {kind: 'ended', why: 'lost'}]);
});

test('when a silent edge wakes up, its buffer is cleared before unheard audio is sent again', async () => {
  const {heard, sent, speak, wait} = await opened();
  speak(digit);
  wait(10_000);
  speak(digit);
  expect(heard.map(({kind}) => kind)).toEqual(['digit', 'ended', 'began', 'digit']);
  expect(sent).toEqual([{kind: 'clear'}]);
});

test('a stream whose edge reported the end is not reported as lost again', async () => {
  const {heard, speak, wait} = await opened();
  speak({kind: 'ended', why: 'lost'});
  wait(30_000);
  expect(heard).toEqual([{kind: 'ended', why: 'lost'}]);
});

test('durations in a frame include the time for which the frame waited for this worker', async () => {
  const {speak, heard} = await opened();
  speak(began, 5_041.5);
  expect(heard).toEqual([{kind: 'began', callSid, streamSid, edge, sinceStartMs: 61.5, silentMs: 341.5}]);
});

test('durations stay correct when the clock of an edge wraps around after five days', async () => {
  const {speak, heard} = await opened();
  const wrapped = 2 ** 32 / 10;
  speak({...began, at: wrapped - 10}, 25);
  expect(heard[0]).toMatchObject({sinceStartMs: expect.closeTo(55, 3)});
  speak({...began, at: 3 * wrapped + 100.04}, 100);
  expect(heard[1]).toMatchObject({sinceStartMs: 20});
});

test('the counts of a closed stream include the frames lost in both directions, as the edge reported them', async () => {
  const {speak, line, counted} = await opened();
  speak(began, 5_000);
  speak({kind: 'counted', malformed: 1, lost: 0, bufferedBytes: 0});
  speak({kind: 'counted', malformed: 3, lost: 5, bufferedBytes: 0});
  line.close();
  expect(counted).toEqual([{up: 9, down: 4, lostUp: 2, lostDown: 5, duplicates: 1, malformed: 3}]);
});

test('a stream whose channel cannot be opened is opened when the edge asks again', async () => {
  const channel = {
    onFrame: () => {},
    onAudio: () => {},
    onUndelivered: () => {},
    closed: new Promise(() => {}),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  } as unknown as WorkerChannel;
  let tries = 0;
  const workerEnd = () => (++tries === 1 ? Promise.reject(new Error('no subscription')) : Promise.resolve(channel));
  const stream = new CallerStream({
    callSid,
    channels: {workerEnd} as unknown as FrameChannels,
    clock: new FakeClock(),
    log: createLog('test', {level: 'silent'}),
    onFrame: () => {},
    onAudio: () => {},
    onUndelivered: () => {},
    onNewerOwner: () => {},
    onClosed: () => {},
  });
  await expect(stream.attach(streamSid, edge, 1).done).rejects.toThrow('no subscription');
  await expect(stream.attach(streamSid, edge, 1).done).resolves.toBeUndefined();
  expect(stream.entry).toEqual({streamSid, edge});
});

test('a silent edge is back with the first audio of the caller, which is not lost', async () => {
  const {heard, sent, speak, speakAudio, wait} = await opened();
  speak(began);
  wait(10_000);
  heard.splice(0);
  speakAudio(20, 'AAAA');
  speakAudio(40, 'BBBB');
  expect(heard).toEqual([{kind: 'began', callSid, streamSid, edge}, audio(20, 'AAAA'), audio(40, 'BBBB')]);
  expect(sent).toEqual([{kind: 'clear'}]);
});
