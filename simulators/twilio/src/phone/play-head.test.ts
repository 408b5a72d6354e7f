import {expect, test} from 'vitest';
import {BYTES_PER_MS, PlayHead} from './play-head.ts';
import {PlayQueue} from './play-queue.ts';

const at = (ms: number) => ms * BYTES_PER_MS;

test('a phone that plays at 0.8 takes 1,250 ms for a second of audio, and its mark comes back then', () => {
  const queue = new PlayQueue(true, {speed: 0.8});
  queue.enqueue(Buffer.alloc(at(1_000)), 0);
  queue.mark('end', 0);
  expect(queue.dueAt).toBe(1_250);
  queue.advance(625);
  expect(queue.playedBytes).toBe(at(500));
  expect(queue.advance(1_250)).toMatchObject([{name: 'end', idealAt: 1_250}]);
});

test('a phone that stands still plays nothing meanwhile, and goes on where it stood', () => {
  const head = new PlayHead({
    stalls: [
      {afterMs: 100, ms: 500},
      {afterMs: 150, ms: 1_000},
    ],
  });
  head.start(0, 0);
  expect([100, 350, 600, 640, 650, 1_600, 1_700].map(moment => head.positionAt(moment) / BYTES_PER_MS)).toEqual([
    100, 100, 100, 140, 150, 150, 200,
  ]);
  expect([100, 101, 200].map(position => head.momentOf(at(position)))).toEqual([100, 601, 1_700]);
});

test('a clear ends a stall: what comes after it plays at once', () => {
  const queue = new PlayQueue(true, {stalls: [{afterMs: 100, ms: 5_000}]});
  queue.enqueue(Buffer.alloc(at(1_000)), 0);
  queue.clear(300);
  queue.enqueue(Buffer.alloc(at(200)), 400);
  queue.advance(500);
  expect(queue.playedBytes).toBe(at(200));
});
