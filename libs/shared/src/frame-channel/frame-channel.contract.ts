import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {EdgeToWorker} from '../protocol/edge-to-worker.ts';
import {StreamSid} from '../protocol/ids.ts';
import type {WorkerToEdge} from '../protocol/worker-to-edge.ts';
import {ByteRing} from './byte-ring.ts';
import type {FrameChannels} from './frame-channel.ts';

/** What the suite needs of one implementation. `pass` waits until everything in flight has arrived. */
export interface ChannelsUnderTest {
  readonly channels: FrameChannels;
  pass(): Promise<void>;
  close(): Promise<void>;
}

const stream = (last: string) => StreamSid.parse(`MZ${last.padStart(32, '0')}`);
const audioUp = (n: number): EdgeToWorker => ({kind: 'audio', timestamp: n * 20, payload: `up${n}`});
const audioDown = (n: number): WorkerToEdge => ({kind: 'audio', payload: `down${n}`, mark: `0:${n}`});

/** What every frame channel between an edge and a worker must do, whatever the network below it does. */
export function describeFrameChannel(name: string, open: () => Promise<ChannelsUnderTest>) {
  describe(`frames between an edge and a worker, ${name}`, () => {
    let under: ChannelsUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(() => under.close());

    test('arrive complete and in the order they were sent, both ways', async () => {
      const edge = await under.channels.edgeEnd(stream('1'), 1);
      const worker = await under.channels.workerEnd(stream('1'), 1);
      const up: EdgeToWorker[] = [];
      const down: WorkerToEdge[] = [];
      worker.onFrame(frame => up.push(frame));
      edge.onFrame(frame => down.push(frame));
      const sentUp = Array.from({length: 200}, (_, n) => audioUp(n));
      const sentDown: WorkerToEdge[] = [...Array.from({length: 50}, (_, n) => audioDown(n)), {kind: 'clear'}];
      for (const frame of sentUp) edge.send(frame);
      for (const frame of sentDown) worker.send(frame);
      await under.pass();
      expect(up).toEqual(sentUp);
      expect(down).toEqual(sentDown);
      expect(worker.counts()).toMatchObject({received: 200, lost: 0});
    });

    test('wait for a worker that opens its end later', async () => {
      const edge = await under.channels.edgeEnd(stream('2'), 1);
      for (let n = 0; n < 20; n += 1) edge.send(audioUp(n));
      await under.pass();
      const worker = await under.channels.workerEnd(stream('2'), 1);
      const up: EdgeToWorker[] = [];
      worker.onFrame(frame => up.push(frame));
      await under.pass();
      expect(up).toEqual(Array.from({length: 20}, (_, n) => audioUp(n)));
    });

    test('of a stream that was expected arrive like those of any other, and go on when that ends', async () => {
      const letGo = under.channels.expectStream(stream('e1'));
      const edge = await under.channels.edgeEnd(stream('e1'), 1);
      await under.pass();
      const worker = await under.channels.workerEnd(stream('e1'), 1);
      const up: EdgeToWorker[] = [];
      worker.onFrame(frame => up.push(frame));
      edge.send(audioUp(0));
      letGo();
      await under.pass();
      edge.send(audioUp(1));
      await under.pass();
      expect(up).toEqual([audioUp(0), audioUp(1)]);
    });

    test('of a stream that was expected in vain wait for the worker that comes', async () => {
      const letGo = under.channels.expectStream(stream('e2'));
      await under.pass();
      letGo();
      await under.pass();
      const edge = await under.channels.edgeEnd(stream('e2'), 1);
      for (let n = 0; n < 5; n += 1) edge.send(audioUp(n));
      await under.pass();
      const worker = await under.channels.workerEnd(stream('e2'), 1);
      const up: EdgeToWorker[] = [];
      worker.onFrame(frame => up.push(frame));
      await under.pass();
      expect(up).toEqual(Array.from({length: 5}, (_, n) => audioUp(n)));
    });

    test('that arrive before there is a listener are kept in order', async () => {
      const edge = await under.channels.edgeEnd(stream('3'), 1);
      const worker = await under.channels.workerEnd(stream('3'), 1);
      for (let n = 0; n < 5; n += 1) edge.send(audioUp(n));
      await under.pass();
      const up: EdgeToWorker[] = [];
      worker.onFrame(frame => up.push(frame));
      await under.pass();
      expect(up).toEqual(Array.from({length: 5}, (_, n) => audioUp(n)));
    });

    test('of two calls are kept apart', async () => {
      const edges = [await under.channels.edgeEnd(stream('a'), 1), await under.channels.edgeEnd(stream('b'), 1)];
      const workers = [await under.channels.workerEnd(stream('a'), 1), await under.channels.workerEnd(stream('b'), 1)];
      const heard: EdgeToWorker[][] = [[], []];
      workers.forEach((worker, which) => worker.onFrame(frame => heard[which]?.push(frame)));
      edges.forEach((edge, which) => edge.send({kind: 'mark', name: `of ${which}`}));
      await under.pass();
      expect(heard).toEqual([[{kind: 'mark', name: 'of 0'}], [{kind: 'mark', name: 'of 1'}]]);
    });

    test('carry every kind of frame unchanged', async () => {
      const edge = await under.channels.edgeEnd(stream('4'), 1);
      const worker = await under.channels.workerEnd(stream('4'), 1);
      const up: EdgeToWorker[] = [];
      worker.onFrame(frame => up.push(frame));
      const sent: EdgeToWorker[] = [
        {kind: 'audio', timestamp: 4_000_000_000, payload: ''},
        {kind: 'mark', name: 'naïve “mark” — 0:1'},
        {kind: 'digit', digit: '#'},
        {kind: 'counted', malformed: 3, lost: 0, bufferedBytes: 0},
        {kind: 'ended', why: 'hungUp'},
      ];
      for (const frame of sent) edge.send(frame);
      await under.pass();
      expect(up).toEqual(sent);
    });

    test('carry the audio of the caller without a frame for each, in order with the other frames', async () => {
      const edge = await under.channels.edgeEnd(stream('b1'), 1);
      const worker = await under.channels.workerEnd(stream('b1'), 1);
      const up: unknown[] = [];
      worker.onAudio((timestamp, bytes, from, to) => up.push([timestamp, bytes.toString('latin1', from, to)]));
      worker.onFrame(frame => up.push(frame));
      const scratch = Buffer.alloc(64);
      for (let n = 0; n < 50; n += 1) {
        const to = 7 + scratch.write(`caller${n}`, 7, 'latin1');
        edge.sendAudio(n * 20, scratch, 7, to);
        scratch.fill(0); // it was copied
        if (n % 10 === 0) edge.send({kind: 'mark', name: `${n}`});
      }
      edge.send(audioUp(50));
      await under.pass();
      const expected = Array.from({length: 50}, (_, n) => {
        const audio = [n * 20, `caller${n}`];
        return n % 10 === 0 ? [audio, {kind: 'mark', name: `${n}`}] : [audio];
      });
      expect(up).toEqual([...expected.flat(), [1_000, 'up50']]);
    });

    test('carry audio out of a ring that outlives the channel, which says what it still needs of it', async () => {
      const audio = new ByteRing();
      const text = Buffer.from('--caller0caller1caller2');
      const old = await under.channels.edgeEnd(stream('b3'), 1, {audio});
      const worker = await under.channels.workerEnd(stream('b3'), 1);
      const up: unknown[] = [];
      worker.onAudio((timestamp, bytes, from, to) => up.push([timestamp, bytes.toString('latin1', from, to)]));
      worker.onFrame(() => {});
      audio.append(text, 0, text.length);
      for (let n = 0; n < 3; n += 1) old.sendKept(n * 20, 2 + n * 7, 7);
      await under.pass();
      expect(up).toEqual([0, 1, 2].map(n => [n * 20, `caller${n}`]));
      expect(old.oldestAudio).toBe(audio.end);
      expect(audio.start).toBe(0);
      const next = await under.channels.edgeEnd(stream('b3'), 2, {audio});
      next.sendKept(40, 16, 7);
      const successor = await under.channels.workerEnd(stream('b3'), 2);
      const again: unknown[] = [];
      successor.onAudio((timestamp, bytes, from, to) => again.push([timestamp, bytes.toString('latin1', from, to)]));
      successor.onFrame(() => {});
      await under.pass();
      expect(again).toEqual([[40, 'caller2']]);
    });

    test('carry the audio of the assistant to its own listener, also what came before there was one', async () => {
      const edge = await under.channels.edgeEnd(stream('b2'), 1);
      const worker = await under.channels.workerEnd(stream('b2'), 1);
      const down: unknown[] = [];
      const sent: WorkerToEdge[] = [
        audioDown(0),
        {kind: 'clear'},
        audioDown(1),
        {kind: 'audio', payload: '', mark: ''},
      ];
      for (const frame of sent) worker.send(frame);
      await under.pass();
      edge.onAudio((mark, bytes, from, to) => down.push([mark, bytes.toString('latin1', from, to)]));
      edge.onFrame(frame => down.push(frame));
      await under.pass();
      worker.send(audioDown(2));
      await under.pass();
      expect(down).toEqual([['0:0', 'down0'], {kind: 'clear'}, ['0:1', 'down1'], ['', ''], ['0:2', 'down2']]);
    });

    test('tell both ends when one closes, after everything sent before has arrived', async () => {
      const edge = await under.channels.edgeEnd(stream('5'), 1);
      const worker = await under.channels.workerEnd(stream('5'), 1);
      const up: EdgeToWorker[] = [];
      worker.onFrame(frame => up.push(frame));
      edge.send({kind: 'ended', why: 'hungUp'});
      const disposed = edge[Symbol.asyncDispose]();
      await under.pass();
      await disposed;
      expect(up).toEqual([{kind: 'ended', why: 'hungUp'}]);
      expect(await edge.closed).toEqual({why: 'closedHere'});
      expect(await worker.closed).toEqual({why: 'closedThere'});
    });

    test('are not waited for once an end is dropped: nobody is there to confirm them', async () => {
      const edge = await under.channels.edgeEnd(stream('8'), 1);
      for (let n = 0; n < 5; n += 1) edge.send(audioUp(n));
      edge.drop();
      expect(await edge.closed).toEqual({why: 'closedHere'});
      await edge[Symbol.asyncDispose]();
      const {sent} = edge.counts();
      edge.send(audioUp(5));
      expect(edge.counts().sent).toBe(sent);
    });

    test('show an end when the other one is there', async () => {
      const edge = await under.channels.edgeEnd(stream('9'), 1);
      let isMet = false;
      const met = edge.met.then(() => (isMet = true));
      await under.pass();
      expect(isMet).toBe(false);
      const worker = await under.channels.workerEnd(stream('9'), 1);
      worker.send({kind: 'clear'});
      await under.pass();
      await met;
    });

    test('end for an owner that a newer one has replaced', async () => {
      const old = await under.channels.edgeEnd(stream('6'), 1);
      const newer = await under.channels.workerEnd(stream('6'), 2);
      newer.send({kind: 'clear'});
      await under.pass();
      expect(await old.closed).toEqual({why: 'fenced', epoch: 2});
    });

    test('of an older epoch are not delivered', async () => {
      const edge = await under.channels.edgeEnd(stream('7'), 2);
      const stale = await under.channels.workerEnd(stream('7'), 1);
      const down: WorkerToEdge[] = [];
      edge.onFrame(frame => down.push(frame));
      stale.send(audioDown(1));
      await under.pass();
      expect(down).toEqual([]);
    });
  });
}
