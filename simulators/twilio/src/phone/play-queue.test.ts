import {expect, test} from 'vitest';
import {BYTES_PER_MS, PlayQueue, QUEUE_LIMIT_MS} from './play-queue.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';

const ms = (length: number, fill = 1) => Buffer.alloc(length * BYTES_PER_MS, fill);
const names = (marks: readonly {name: string}[]) => marks.map(({name}) => name);

test('a caller hears audio at 8 bytes a millisecond, from the moment it arrives', () => {
  const queue = new PlayQueue();
  queue.enqueue(ms(100), 1_000);
  queue.advance(1_040);
  expect(queue.playedBytes).toBe(320);
  expect(queue.audible(1_099)).toBe(true);
  expect(queue.audible(1_100)).toBe(false);
  queue.advance(5_000);
  expect(queue.played()).toEqual(ms(100));
  expect(queue.segments).toEqual([{at: 1_000, from: 0, to: 800}]);
});

test('a mark comes back exactly when the audio before it has been heard', () => {
  const queue = new PlayQueue();
  queue.enqueue(ms(100), 0);
  queue.mark('first', 0);
  queue.enqueue(ms(50), 5);
  expect(queue.mark('second', 5)).toEqual([]);
  expect(queue.dueAt).toBe(100);
  expect(queue.advance(99.9)).toEqual([]);
  expect(queue.advance(100)).toEqual([{name: 'first', enqueuedAt: 0, idealAt: 100, flushed: false}]);
  expect(queue.dueAt).toBe(150);
  expect(queue.advance(400)).toEqual([{name: 'second', enqueuedAt: 5, idealAt: 150, flushed: false}]);
});

test('a mark with nothing queued before it comes back at once', () => {
  const queue = new PlayQueue();
  expect(queue.mark('now', 7)).toEqual([{name: 'now', enqueuedAt: 7, idealAt: 7, flushed: false}]);
});

test('marks of the same name at the same place come back once each, in order', () => {
  const queue = new PlayQueue();
  queue.enqueue(ms(10), 0);
  for (const name of ['a', 'a', 'b']) queue.mark(name, 0);
  expect(names(queue.advance(10))).toEqual(['a', 'a', 'b']);
});

test('a clear silences the chunk that is playing, and returns every waiting mark at once', () => {
  const queue = new PlayQueue();
  queue.enqueue(ms(100), 0);
  queue.mark('heard', 0);
  queue.enqueue(ms(100), 0);
  queue.mark('cut', 0);
  queue.mark('cut too', 0);
  const {discarded, returned} = queue.clear(150);
  expect(discarded).toBe(50 * BYTES_PER_MS);
  expect(returned.map(({name, flushed}) => [name, flushed])).toEqual([
    ['heard', false],
    ['cut', true],
    ['cut too', true],
  ]);
  expect(queue.audible(150)).toBe(false);
  expect(queue.played().length).toBe(150 * BYTES_PER_MS);
});

test('audio after a clear plays from its own start, right after what was heard', () => {
  const queue = new PlayQueue();
  queue.enqueue(ms(100, 1), 0);
  queue.clear(30);
  queue.enqueue(ms(20, 2), 200);
  queue.advance(1_000);
  expect(queue.segments).toEqual([
    {at: 0, from: 0, to: 240},
    {at: 200, from: 240, to: 400},
  ]);
  expect(queue.played()).toEqual(Buffer.concat([ms(30, 1), ms(20, 2)]));
  expect(queue.underruns).toEqual([]);
});

test('a queue that ran dry never catches up, and the silence is counted', () => {
  const queue = new PlayQueue();
  queue.enqueue(ms(20), 0);
  queue.enqueue(ms(20), 50);
  queue.mark('end', 50);
  expect(queue.advance(69)).toEqual([]);
  expect(names(queue.advance(70))).toEqual(['end']);
  expect(queue.underruns).toEqual([{at: 20, ms: 30}]);
});

test('audio that arrives in time continues the same stretch', () => {
  const queue = new PlayQueue();
  queue.enqueue(ms(20), 0);
  queue.enqueue(ms(20), 20);
  queue.enqueue(ms(20), 35);
  queue.advance(60);
  expect(queue.segments).toEqual([{at: 0, from: 0, to: 480}]);
});

test('more than ten minutes of audio are thrown away', () => {
  const queue = new PlayQueue(false);
  expect(queue.enqueue(ms(QUEUE_LIMIT_MS - 10), 0).discarded).toBe(0);
  expect(queue.enqueue(ms(15), 0).discarded).toBe(5 * BYTES_PER_MS);
});

test('the assistant has been audible since its turn began, whatever its pauses', () => {
  const queue = new PlayQueue();
  queue.enqueue(ms(300), 0);
  queue.enqueue(ms(300), 400);
  expect(queue.audibleFor(500)).toBe(400);
  queue.clear(600);
  expect(queue.audibleFor(600)).toBe(0);
  queue.enqueue(ms(300), 700);
  expect(queue.audibleFor(800)).toBe(100);
  queue.enqueue(ms(300), 2_000);
  expect(queue.audibleFor(2_050)).toBe(50);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'whatever arrives and whenever, every byte is played, queued or discarded (seed %i)',
  seed => {
    const random = seededRandom(seed);
    const queue = new PlayQueue();
    let [at, accepted, discarded, sentMarks, returnedMarks, latest] = [0, 0, 0, 0, 0, -Infinity];
    for (let step = 0; step < 2_000; step += 1) {
      at += random.between(0, 40);
      const action = random.whole(0, 9);
      if (action < 4) {
        const bytes = Buffer.alloc(random.whole(1, 700), random.whole(0, 255));
        accepted += bytes.length;
        returnedMarks += queue.enqueue(bytes, at).passed.length;
      } else if (action < 7) {
        sentMarks += 1;
        returnedMarks += queue.mark(String(step), at).length;
      } else if (action < 8) {
        const cleared = queue.clear(at);
        discarded += cleared.discarded;
        returnedMarks += cleared.returned.length;
      } else {
        const passed = queue.advance(at);
        returnedMarks += passed.length;
        latest = Math.max(latest, ...passed.map(({idealAt}) => idealAt - at));
      }
      expect(queue.playedBytes + queue.queuedBytes + discarded).toBe(accepted);
      expect(queue.playedBytes).toBeLessThanOrEqual(Math.ceil(at * BYTES_PER_MS));
    }
    returnedMarks += queue.clear(at + 1_000_000).returned.length;
    expect(returnedMarks).toBe(sentMarks);
    expect(latest).toBeLessThanOrEqual(0);
    expect(queue.played().length).toBe(queue.playedBytes);
    expect(queue.segments.reduce((sum, {from, to}) => sum + to - from, 0)).toBe(queue.playedBytes);
  },
);
