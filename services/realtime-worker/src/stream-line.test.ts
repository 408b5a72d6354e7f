import type {FrameChannels, WorkerChannel} from '@voicebridge/shared/frame-channel/frame-channel.ts';
import {createLog} from '@voicebridge/shared/log.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test} from 'vitest';
import {StreamLine} from './stream-line.ts';

const edge = ProcessId.parse('edge-0001');
const streamSid = StreamSid.parse(`MZ${'1'.repeat(32)}`);

/** A line with one stream on it, whose edge is the test. */
async function opened() {
  const clock = new FakeClock();
  const heard: EdgeToWorker[] = [];
  let say: (frame: EdgeToWorker) => void = () => {};
  let lastHeardAt: number | undefined;
  const channel = {
    onFrame: (listener: typeof say) => (say = listener),
    closed: new Promise(() => {}),
    lastHeardAt: () => lastHeardAt,
  } as unknown as WorkerChannel;
  const line = new StreamLine({
    callSid: CallSid.parse(`CA${'1'.repeat(32)}`),
    channels: {workerEnd: () => Promise.resolve(channel)} as unknown as FrameChannels,
    clock,
    log: createLog('test', {level: 'silent'}),
    hear: frame => heard.push(frame),
    fenced: () => {},
    counted: () => {},
  });
  await line.attach(streamSid, edge, 1).done;
  const speak = (frame: EdgeToWorker) => {
    lastHeardAt = clock.now();
    say(frame);
  };
  const wait = (ms: number) => {
    for (let waited = 0; waited < ms; waited += 1_000) {
      clock.advance(1_000);
      line.lookAround(0);
    }
  };
  return {heard, speak, wait};
}

const digit: EdgeToWorker = {kind: 'digit', digit: '1'};

test('a caller whose edge falls silent is taken for lost, once', async () => {
  const {heard, speak, wait} = await opened();
  speak(digit);
  wait(30_000);
  expect(heard).toEqual([digit, {kind: 'ended', why: 'lost'}]);
});

test('a caller whose stream was lost is not waited for twice: an edge that said so says nothing more', async () => {
  const {heard, speak, wait} = await opened();
  speak({kind: 'ended', why: 'lost'});
  wait(30_000);
  expect(heard).toEqual([{kind: 'ended', why: 'lost'}]);
});
