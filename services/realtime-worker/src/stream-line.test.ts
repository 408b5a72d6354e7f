import type {FrameChannels, WorkerChannel} from '@voicebridge/shared/frame-channel/frame-channel.ts';
import {createLog} from '@voicebridge/shared/log.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test} from 'vitest';
import {StreamLine, type StreamCounts} from './stream-line.ts';

const callSid = CallSid.parse(`CA${'1'.repeat(32)}`);
const streamSid = StreamSid.parse(`MZ${'1'.repeat(32)}`);
const edge = ProcessId.parse('edge-0001');
const began = {kind: 'began', callSid, streamSid, edge, at: 5_000, sinceStartMs: 20, silentMs: 300} as const;

/** A line whose edge is the test. */
async function listening() {
  let say: (frame: EdgeToWorker, sentAt?: number) => void = () => {};
  const counts = {sent: 4, received: 9, duplicates: 1, resent: 0, lost: 2, stale: 0, unconfirmed: 0, hopMs: 0.5};
  const channel: WorkerChannel = {
    send: () => {},
    onFrame: listener => void (say = listener),
    counts: () => counts,
    lastHeardAt: () => 0,
    closed: new Promise(() => {}),
    [Symbol.asyncDispose]: async () => {},
  };
  const channels: FrameChannels = {
    workerEnd: async () => channel,
    edgeEnd: () => Promise.reject(new Error('there is no edge')),
  };
  const heard: EdgeToWorker[] = [];
  const counted: StreamCounts[] = [];
  const line = new StreamLine({
    callSid,
    channels,
    clock: new FakeClock(),
    log: createLog('test', {level: 'silent'}),
    hear: frame => void heard.push(frame),
    fenced: () => {},
    counted: each => void counted.push(each),
  });
  await line.attach(streamSid, edge, 1).done;
  return {line, heard, counted, say: (frame: EdgeToWorker, sentAt?: number) => say(frame, sentAt)};
}

test('what an edge said before we listened is as old as it is', async () => {
  const {say, heard} = await listening();
  say(began, 5_041.5);
  expect(heard).toEqual([{kind: 'began', callSid, streamSid, edge, sinceStartMs: 61.5, silentMs: 341.5}]);
});

test('the clock of an edge that has run for five days begins anew, and time goes on', async () => {
  const {say, heard} = await listening();
  const wrapped = 2 ** 32 / 10;
  say({...began, at: wrapped - 10}, 25);
  expect(heard[0]).toMatchObject({sinceStartMs: expect.closeTo(55, 3)});
  say({...began, at: 3 * wrapped + 100.04}, 100);
  expect(heard[1]).toMatchObject({sinceStartMs: 20});
});

test('an operator reads what was lost in both directions, though only the edge knows of one', async () => {
  const {say, line, counted} = await listening();
  say(began, 5_000);
  say({kind: 'counted', malformed: 1, lost: 0, bufferedBytes: 0});
  say({kind: 'counted', malformed: 3, lost: 5, bufferedBytes: 0});
  line.close();
  expect(counted).toEqual([{up: 9, down: 4, lostUp: 2, lostDown: 5, duplicates: 1, malformed: 3}]);
});
