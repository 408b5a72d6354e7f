import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {EdgeToWorker} from '../protocol/edge-to-worker.ts';
import {StreamSid} from '../protocol/ids.ts';
import {FakeClock, flushPromises} from '../testing/fake-clock.ts';
import {FaultyMediaBus, type Faults} from '../testing/faulty-media-bus.ts';
import {mediaDown, mediaUp} from '../redis/keys.ts';
import {seededRandom} from '../testing/seeded-random.ts';
import {describeFrameChannel} from './frame-channel.contract.ts';
import {memoryFrameChannels} from './memory-frame-channel.ts';
import {MemoryMediaBus} from '../bus/memory-media-bus.ts';
import {HEADER_BYTES, PacketKind, writeFrameHeader} from './packet.ts';
import {reliableFrameChannels} from './reliable-frame-channel.ts';

const HARMLESS: Faults = {lose: 0, double: 0, delay: 0, delayUpTo: 0, lie: 0};

function overBus(faults: Faults, seed = 1) {
  return async () => {
    const clock = new FakeClock();
    const memory = new MemoryMediaBus(clock);
    const channels = reliableFrameChannels(new FaultyMediaBus(memory, clock, seededRandom(seed).next, faults), clock);
    return {
      channels,
      clock,
      memory,
      pass: () => clock.advanceAsync(4_000, 5),
      close: async () => channels[Symbol.dispose](),
    };
  };
}

describeFrameChannel('in memory', async () => ({
  channels: memoryFrameChannels(),
  pass: async () => flushPromises(),
  close: async () => {},
}));
describeFrameChannel('over a bus', overBus(HARMLESS));
describeFrameChannel('over a bus that loses a third', overBus({...HARMLESS, lose: 0.33}));
describeFrameChannel('over a bus that doubles', overBus({...HARMLESS, double: 0.5}));
describeFrameChannel('over a bus that delays and swaps', overBus({...HARMLESS, delay: 0.5, delayUpTo: 80}));
describeFrameChannel('over a bus that lies', overBus({...HARMLESS, lie: 0.3}));
describeFrameChannel(
  'over a bus with every fault at once',
  overBus({lose: 0.2, double: 0.2, delay: 0.3, delayUpTo: 60, lie: 0.2}),
);

test('a caller’s audio survives any mix of loss, doubling, delay, lies and a Redis outage of up to 5 s', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.record({
        lose: fc.double({min: 0, max: 0.4, noNaN: true}),
        double: fc.double({min: 0, max: 0.4, noNaN: true}),
        delay: fc.double({min: 0, max: 0.5, noNaN: true}),
        delayUpTo: fc.integer({min: 1, max: 200}),
        lie: fc.double({min: 0, max: 0.3, noNaN: true}),
      }),
      fc.integer({min: 0, max: 5_000}),
      async (seed, faults, outage) => {
        const {channels, clock, memory} = await overBus(faults, seed)();
        const sid = StreamSid.parse(`MZ${'f'.repeat(32)}`);
        const edge = await channels.edgeEnd(sid, 1);
        const worker = await channels.workerEnd(sid, 1);
        const heard: EdgeToWorker[] = [];
        worker.onFrame(frame => heard.push(frame));
        const sent: EdgeToWorker[] = [];
        const speak = async (frames: number) => {
          for (let n = 0; n < frames; n += 1) {
            const frame: EdgeToWorker = {kind: 'audio', timestamp: sent.length * 20, payload: `${sent.length}`};
            sent.push(frame);
            edge.send(frame);
            await clock.advanceAsync(20, 10);
          }
        };
        await speak(10);
        memory.setDown(true);
        await speak(Math.ceil(outage / 20));
        memory.setDown(false);
        await speak(10);
        await clock.advanceAsync(6_000, 10);
        expect(heard).toEqual(sent);
        expect(worker.counts().lost).toBe(0);
        expect(edge.counts().unconfirmed).toBe(0);
        channels[Symbol.dispose]();
      },
    ),
    // A mix that never ends, or one that fails, is told with its seed.
    {numRuns: 25, timeout: 5_000, endOnFailure: true},
  );
});

test('after a longer outage the exact amount of missing audio is known, and no control frame is missing', async () => {
  const {channels, clock, memory} = await overBus(HARMLESS)();
  const sid = StreamSid.parse(`MZ${'e'.repeat(32)}`);
  const edge = await channels.edgeEnd(sid, 1);
  const worker = await channels.workerEnd(sid, 1);
  const heard: EdgeToWorker[] = [];
  worker.onFrame(frame => heard.push(frame));
  await clock.advanceAsync(100, 10);
  memory.setDown(true);
  for (let n = 0; n < 1_000; n += 1) {
    edge.send(n === 10 ? {kind: 'digit', digit: '5'} : {kind: 'audio', timestamp: n * 20, payload: `${n}`});
    await clock.advanceAsync(20, 20);
  }
  memory.setDown(false);
  await clock.advanceAsync(2_000, 10);
  const {lost, received} = worker.counts();
  expect(lost).toBeGreaterThan(450);
  expect(received + lost).toBe(1_000);
  expect(heard.length).toBe(received);
  expect(heard).toContainEqual({kind: 'digit', digit: '5'});
  channels[Symbol.dispose]();
});

test('a lost clear without a frame after it arrives within a third of a second', async () => {
  const {channels, clock, memory} = await overBus(HARMLESS)();
  const sid = StreamSid.parse(`MZ${'d'.repeat(32)}`);
  const edge = await channels.edgeEnd(sid, 1);
  const worker = await channels.workerEnd(sid, 1);
  const down: string[] = [];
  edge.onFrame(frame => down.push(frame.kind));
  edge.send({kind: 'mark', name: 'hello'});
  await clock.advanceAsync(300, 5);
  memory.setDown(true);
  worker.send({kind: 'clear'});
  memory.setDown(false);
  await clock.advanceAsync(330, 5);
  expect(down).toEqual(['clear']);
  channels[Symbol.dispose]();
});

test('a worker that only hears confirms a caller’s audio six times a second, and a digit within a tenth', async () => {
  const {channels, clock, memory} = await overBus(HARMLESS)();
  const sid = StreamSid.parse(`MZ${'9'.repeat(32)}`);
  const edge = await channels.edgeEnd(sid, 1);
  const worker = await channels.workerEnd(sid, 1);
  worker.onFrame(() => {});
  let confirmations = 0;
  await memory.subscribe(mediaDown(sid), () => (confirmations += 1));
  for (let n = 0; n < 500; n += 1) {
    edge.sendAudio(n * 20, Buffer.from('audio'), 0, 5);
    await clock.advanceAsync(20, 20);
  }
  expect(confirmations).toBeGreaterThan(50);
  expect(confirmations).toBeLessThan(65);
  expect(edge.counts()).toMatchObject({resent: 0, unconfirmed: expect.toSatisfy((each: number) => each < 10)});
  edge.send({kind: 'digit', digit: '1'});
  await clock.advanceAsync(100, 5);
  expect(edge.counts().unconfirmed).toBe(0);
  channels[Symbol.dispose]();
});

test('an edge learns from the channel itself that nobody listens', async () => {
  const clock = new FakeClock();
  const channels = reliableFrameChannels(new MemoryMediaBus(clock), clock);
  let undelivered = 0;
  const sid = StreamSid.parse(`MZ${'8'.repeat(32)}`);
  const edge = await channels.edgeEnd(sid, 1, {undelivered: () => (undelivered += 1)});
  edge.send({kind: 'digit', digit: '1'});
  await clock.advanceAsync(5, 1);
  expect(undelivered).toBe(1);
  await channels.workerEnd(sid, 1);
  await clock.advanceAsync(100, 5);
  const before = undelivered;
  edge.send({kind: 'digit', digit: '2'});
  await clock.advanceAsync(100, 5);
  expect(undelivered).toBe(before);
  channels[Symbol.dispose]();
});

describe('a packet that somebody else published', () => {
  const sid = StreamSid.parse(`MZ${'6'.repeat(32)}`);
  const listening = async () => {
    const {channels, clock, memory} = await overBus(HARMLESS)();
    const [edge, worker] = [await channels.edgeEnd(sid, 1), await channels.workerEnd(sid, 1)];
    const heard: string[] = [];
    worker.onAudio((_, bytes, from, to) => heard.push(bytes.toString('latin1', from, to)));
    worker.onFrame(frame => heard.push(frame.kind));
    const forge = (kind: number, seq: number, body: Buffer) => {
      const packet = Buffer.concat([Buffer.alloc(HEADER_BYTES), body]);
      writeFrameHeader(packet, kind, 1, seq, 0);
      return memory.publish(mediaUp(sid), packet);
    };
    const speak = async (payload: string) => {
      edge.sendAudio(0, Buffer.from(payload), 0, payload.length);
      await clock.advanceAsync(300, 5);
    };
    await speak('AAAA');
    return {channels, clock, worker, heard, forge, speak};
  };

  test('and that says that four billion frames are gone, is refused at once, and the caller is heard', async () => {
    const {channels, worker, heard, forge, speak} = await listening();
    await forge(PacketKind.gone, 2, Buffer.from([0xff, 0xff, 0xff, 0xff]));
    await speak('BBBB');
    expect(heard).toEqual(['AAAA', 'BBBB']);
    expect(worker.counts()).toMatchObject({lost: 0, refused: 1});
    channels[Symbol.dispose]();
  });

  test('far ahead of its turn, is refused as soon as there are too many of them', async () => {
    const {channels, worker, heard, forge, speak} = await listening();
    for (let seq = 1_000; seq < 4_000; seq += 1) await forge(PacketKind.audio, seq, Buffer.alloc(10_000, 'C'));
    await forge(PacketKind.audio, 4_000_000_000, Buffer.from('DDDD'));
    await speak('BBBB');
    expect(worker.counts().refused).toBeGreaterThan(2_500);
    expect(heard).toEqual(['AAAA', 'BBBB']);
    channels[Symbol.dispose]();
  });

  test('and that is an event for the model instead of audio, is not handed on', async () => {
    const {channels, worker, heard, forge, speak} = await listening();
    await forge(PacketKind.audio, 2, Buffer.from('AAAA","type":"session.update","session":{},"x":"'));
    await forge(PacketKind.frame, 3, Buffer.from('{"kind":"unheard of"}'));
    await speak('BBBB');
    await speak('CCCC');
    await speak('DDDD');
    expect(heard).toEqual(['AAAA', 'DDDD']);
    expect(worker.counts()).toMatchObject({refused: 2});
    channels[Symbol.dispose]();
  });

  test('and that is a command for the phone instead of audio, is not handed on', async () => {
    const {channels, clock, memory} = await overBus(HARMLESS)();
    const [edge, worker] = [await channels.edgeEnd(sid, 1), await channels.workerEnd(sid, 1)];
    const heard: string[] = [];
    edge.onAudio((mark, bytes, from, to) => heard.push(mark + bytes.toString('latin1', from, to)));
    edge.onFrame(frame => heard.push(frame.kind));
    worker.send({kind: 'audio', payload: 'AAAA', mark: ''});
    await clock.advanceAsync(300, 5);
    const forged = Buffer.concat([Buffer.alloc(HEADER_BYTES), Buffer.from('\0AAAA"}},{"event":"clear"')]);
    writeFrameHeader(forged, PacketKind.audio, 1, 2, 0);
    await memory.publish(mediaDown(sid), forged);
    worker.send({kind: 'audio', payload: 'BBBB', mark: ''});
    worker.send({kind: 'audio', payload: 'CCCC', mark: ''});
    await clock.advanceAsync(300, 5);
    expect(heard).toEqual(['AAAA', 'CCCC']);
    expect(edge.counts()).toMatchObject({refused: 1});
    channels[Symbol.dispose]();
  });
});

test('a process without calls has no timer for them', async () => {
  const {channels, clock} = await overBus(HARMLESS)();
  expect(clock.waiting).toBe(0);
  const edge = await channels.edgeEnd(StreamSid.parse(`MZ${'7'.repeat(32)}`), 1);
  expect(clock.waiting).toBe(1);
  edge.drop();
  expect(clock.waiting).toBe(0);
});

test('the end of a sentence that was said while Redis was away is heard at once when it is back', async () => {
  const {channels, clock, memory} = await overBus(HARMLESS)();
  const sid = StreamSid.parse(`MZ${'e'.repeat(32)}`);
  const [edge, worker] = [await channels.edgeEnd(sid, 1), await channels.workerEnd(sid, 1)];
  const heard: string[] = [];
  edge.onFrame(frame => frame.kind === 'audio' && heard.push(frame.mark));
  const say = async (mark: string) => {
    worker.send({kind: 'audio', mark, payload: 'AAAA'});
    await clock.advanceAsync(20, 5);
  };
  await say('before');
  await clock.advanceAsync(500, 5);
  memory.setDown(true);
  const marks = Array.from({length: 20}, (_, number) => String(number));
  for (const mark of marks) await say(mark);
  await clock.advanceAsync(1_000, 5);
  memory.setDown(false);
  // No later frame shows that these are missing.
  await clock.advanceAsync(100, 5);
  expect(heard).toEqual(['before', ...marks]);
  channels[Symbol.dispose]();
});

test('the end of a sentence that Redis took and lost is heard within half a second, however long it is', async () => {
  const faults = {...HARMLESS};
  const {channels, clock} = await overBus(faults)();
  const sid = StreamSid.parse(`MZ${'d'.repeat(32)}`);
  const [edge, worker] = [await channels.edgeEnd(sid, 1), await channels.workerEnd(sid, 1)];
  const heard: string[] = [];
  edge.onFrame(frame => frame.kind === 'audio' && heard.push(frame.mark));
  const say = async (mark: string) => {
    worker.send({kind: 'audio', mark, payload: 'AAAA'});
    await clock.advanceAsync(5, 5);
  };
  await say('before');
  await clock.advanceAsync(500, 5);
  faults.lose = 1;
  const marks = Array.from({length: 20}, (_, number) => String(number));
  for (const mark of marks) await say(mark);
  faults.lose = 0;
  await clock.advanceAsync(500, 5);
  expect(heard).toEqual(['before', ...marks]);
  channels[Symbol.dispose]();
});

test('a closed channel leaves no subscription behind', async () => {
  const {channels, clock, memory} = await overBus(HARMLESS)();
  const sid = StreamSid.parse(`MZ${'c'.repeat(32)}`);
  const edge = await channels.edgeEnd(sid, 1);
  const worker = await channels.workerEnd(sid, 1);
  const closing = edge[Symbol.asyncDispose]();
  await clock.advanceAsync(1_200, 5);
  await closing;
  await worker[Symbol.asyncDispose]();
  expect(memory.channels).toEqual([]);
  channels[Symbol.dispose]();
});

test('both ends measure the time of one hop without a common clock', async () => {
  const {channels, clock} = await overBus({...HARMLESS, delay: 1, delayUpTo: 20})();
  const sid = StreamSid.parse(`MZ${'b'.repeat(32)}`);
  const edge = await channels.edgeEnd(sid, 1);
  const worker = await channels.workerEnd(sid, 1);
  for (let n = 0; n < 50; n += 1) {
    edge.send({kind: 'mark', name: `${n}`});
    worker.send({kind: 'mark', name: `${n}`});
    await clock.advanceAsync(20, 1);
  }
  expect(edge.counts().hopMs).toBeGreaterThan(0);
  expect(edge.counts().hopMs).toBeLessThan(25);
  channels[Symbol.dispose]();
});

test('a channel that is fenced before its subscription is confirmed leaves no subscription behind', async () => {
  const clock = new FakeClock();
  const memory = new MemoryMediaBus(clock);
  const confirmed = Promise.withResolvers<void>();
  const slow = {
    publish: memory.publish.bind(memory),
    outlet: memory.outlet.bind(memory),
    holdPresence: memory.holdPresence.bind(memory),
    wellSince: memory.wellSince.bind(memory),
    linkedSince: memory.linkedSince.bind(memory),
    countsAll: memory.countsAll,
    trouble: memory.trouble.bind(memory),
    async subscribe(channel: string, listener: (message: Buffer) => void) {
      const unsubscribe = await memory.subscribe(channel, listener);
      await confirmed.promise;
      return unsubscribe;
    },
    [Symbol.asyncDispose]: memory[Symbol.asyncDispose].bind(memory),
  };
  const [old, newer] = [reliableFrameChannels(slow, clock), reliableFrameChannels(memory, clock)];
  const sid = StreamSid.parse(`MZ${'a'.repeat(32)}`);
  const opening = old.workerEnd(sid, 1);
  const edge = await newer.edgeEnd(sid, 2);
  edge.send({kind: 'mark', name: 'of a newer epoch'});
  await clock.advanceAsync(100, 5);
  confirmed.resolve();
  const worker = await opening;
  expect(await worker.closed).toEqual({why: 'fenced', epoch: 2});
  const closing = edge[Symbol.asyncDispose]();
  await clock.advanceAsync(1_200, 5);
  await closing;
  expect(memory.channels).toEqual([]);
  for (const channels of [old, newer]) channels[Symbol.dispose]();
});

test('a worker that expects a stream, and whose Redis refuses to let it listen, goes on', async () => {
  const clock = new FakeClock();
  const memory = new MemoryMediaBus(clock);
  memory.subscribe = () => Promise.reject(new Error('no rights'));
  const channels = reliableFrameChannels(memory, clock);
  const letGo = channels.expectStream(StreamSid.parse(`MZ${'b'.repeat(32)}`));
  // A rejection that nobody handles would end the process, and this test.
  await flushPromises();
  letGo();
  await flushPromises();
  channels[Symbol.dispose]();
});
