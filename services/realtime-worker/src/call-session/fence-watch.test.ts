import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {mediaUp} from '@voicebridge/shared/redis/keys.ts';
import {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {FakeClock, flushPromises} from '@voicebridge/shared/testing/fake-clock.ts';
import {silence} from '@voicebridge/shared/protocol/audio.ts';
import {expect, test} from 'vitest';
import {takenCall} from '../testing/taken-call.ts';
import {FenceWatch} from './fence-watch.ts';

const callSid = CallSid.parse(`CA${'1'.repeat(32)}`);
/** Where the epoch is in a packet (`packet.ts`). */
const EPOCH_AT = 2;
const [here, there] = [ProcessId.parse('worker-0001'), ProcessId.parse('worker-0002')];

/** A call of this worker, and how often its directory was read. */
async function owned() {
  const clock = new FakeClock();
  const directory = new MemoryCallDirectory(clock);
  await directory.claim(callSid, {epoch: 0, owner: here, at: 0});
  let [fences, reads] = [0, 0];
  const watch = new FenceWatch({
    directory: {read: async sid => ((reads += 1), await directory.read(sid))},
    callSid,
    epoch: () => 1,
    clock,
    log: createLog('test', {level: 'silent'}),
    fenced: () => (fences += 1),
  });
  return {clock, directory, watch, fences: () => fences, reads: () => reads};
}

test('a worker keeps a call that a message says is somebody else’s, if the directory does not say so', async () => {
  const {watch, fences} = await owned();
  watch.doubt();
  await flushPromises();
  expect(fences()).toBe(0);
});

test('a worker lets a call go that another one has claimed', async () => {
  const {directory, watch, fences} = await owned();
  await directory.claim(callSid, {epoch: 1, owner: there, at: 0});
  watch.doubt();
  await flushPromises();
  expect(fences()).toBe(1);
});

test('a flood of such messages reads the directory five times a second at most', async () => {
  const {clock, watch, reads} = await owned();
  for (let at = 0; at < 1_000; at += 10) {
    watch.doubt();
    await clock.advanceAsync(10, 10);
  }
  expect(reads()).toBeLessThanOrEqual(5);
});

test('a caller is still heard after somebody has published a packet of a later epoch', async () => {
  const {clock, stream, modelSession, bus, session} = await takenCall();
  const say = async (timestamp: number) => {
    stream.send({kind: 'audio', timestamp, payload: silence(20)});
    await clock.advanceAsync(20, 5);
  };
  const packets: Buffer[] = [];
  const channel = mediaUp(StreamSid.parse(`MZ${'1'.repeat(32)}`));
  const stop = await bus.subscribe(channel, message => packets.push(Buffer.from(message)));
  await say(20);
  await stop();
  const later = Buffer.from(packets.at(-1) ?? '');
  later.writeUInt32BE(later.readUInt32BE(EPOCH_AT) + 7, EPOCH_AT);
  await bus.publish(channel, later);
  await clock.advanceAsync(50, 5);
  const before = modelSession.commandsOf('hear').length;
  for (let frame = 2; frame < 12; frame += 1) await say(frame * 20);
  expect(modelSession.commandsOf('hear').length).toBe(before + 10);
  session.release('the test is over');
});
