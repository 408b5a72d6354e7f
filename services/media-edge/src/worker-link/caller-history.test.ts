import fc from 'fast-check';
import {expect, test} from 'vitest';
import {silence} from '@voicebridge/shared/protocol/audio.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import {CallerHistory, REPLAY_WINDOW_MS} from './caller-history.ts';

const PAYLOAD = silence(20);
const audio = (timestamp: number, payload = PAYLOAD): EdgeToWorker => ({kind: 'audio', timestamp, payload});

/** A history in which frames are kept as they come; `at` is also the timestamp. */
class Heard {
  readonly history = new CallerHistory();

  audio(at: number, payload = PAYLOAD): number {
    const bytes = Buffer.from(`--${payload}--`);
    return this.history.addAudio(at, bytes, 2, bytes.length - 2, at);
  }

  control(frame: Exclude<EdgeToWorker, {kind: 'audio'}>, at: number, isConfirmed = false): void {
    this.history.addControl(frame, at, () => isConfirmed);
  }
}

/** What is replayed, with the audio in frames of 20 ms again. */
function since(history: CallerHistory, known?: Parameters<CallerHistory['since']>[0]): EdgeToWorker[] {
  return history.since(known).flatMap(frame => {
    if (frame.kind !== 'audio') return [frame];
    const bytes = Buffer.from(frame.payload, 'base64');
    const frames = Math.ceil(bytes.length / 160);
    return Array.from({length: frames}, (_, place) =>
      audio(frame.timestamp + place * 20, bytes.toString('base64', place * 160, (place + 1) * 160)),
    );
  });
}

/** What is kept after a caller spoke for `ms`. */
function spoken(ms: number): CallerHistory {
  const heard = new Heard();
  for (let at = 0; at < ms; at += 20) heard.audio(at);
  return heard.history;
}

test('an owner of a stream gets everything of the last seconds', () => {
  expect(since(spoken(500))).toEqual(Array.from({length: 25}, (_, frame) => audio(frame * 20)));
  expect(since(spoken(7_000))).toHaveLength(350);
});

test('nothing older than eight seconds is sent, and its memory is given back', () => {
  const history = spoken(60_000);
  const replayed = since(history);
  expect(replayed[0]).toEqual(audio(59_980 - REPLAY_WINDOW_MS));
  expect(replayed).toHaveLength(REPLAY_WINDOW_MS / 20 + 1);
  history.release(history.ring.end);
  expect(history.ring.end - history.ring.start).toBe(401 * PAYLOAD.length);
});

test('what the owner has not confirmed stays in the ring, however old it is', () => {
  const heard = new Heard();
  const unconfirmed = heard.audio(0);
  for (let at = 20; at < 9_500; at += 20) heard.audio(at);
  heard.history.release(unconfirmed);
  expect(heard.history.ring.start).toBe(unconfirmed);
  heard.history.release(heard.history.ring.end);
  expect(heard.history.ring.start).toBeGreaterThan(unconfirmed);
});

test('a caller who has just said something is told from one who is silent, and from a click', () => {
  const heard = new Heard();
  const LOUD = Buffer.alloc(160, 0x30).toString('base64');
  for (let at = 0; at < 1_000; at += 20) heard.audio(at, at === 400 || at === 420 ? LOUD : PAYLOAD);
  expect(heard.history.isLoudSince(0)).toBe(false);
  for (let at = 1_000; at < 1_060; at += 20) heard.audio(at, LOUD);
  for (let at = 1_060; at < 2_000; at += 20) heard.audio(at);
  expect(heard.history.isLoudSince(500)).toBe(true);
  expect(heard.history.isLoudSince(1_060)).toBe(false);
});

test('a confirmed digit is not replayed, a mark that came back may be, and all keep their places', () => {
  const heard = new Heard();
  heard.control({kind: 'digit', digit: '1'}, 0, true);
  heard.audio(5);
  heard.control({kind: 'mark', name: 'm'}, 10, true);
  heard.audio(15);
  heard.control({kind: 'digit', digit: '2'}, 20, false);
  heard.audio(30);
  heard.control({kind: 'ended', why: 'hungUp'}, 31);
  expect(heard.history.since()).toEqual([
    audio(5),
    {kind: 'mark', name: 'm'},
    audio(15),
    {kind: 'digit', digit: '2'},
    audio(30),
    {kind: 'ended', why: 'hungUp'},
  ]);
});

test('a digit is replayed unless the journal has it, whether the owner before has confirmed it or not', () => {
  const heard = new Heard();
  heard.control({kind: 'digit', digit: '1', number: 1}, 0, true);
  heard.control({kind: 'digit', digit: '2', number: 2}, 20, true);
  heard.control({kind: 'digit', digit: '3', number: 3}, 40, false);
  const replayed = (digits?: number) => heard.history.since({digits}).map(frame => 'digit' in frame && frame.digit);
  expect(replayed(1)).toEqual(['2', '3']);
  expect(replayed(3)).toEqual([]);
  expect(replayed()).toEqual(['3']);
});

test('audio that is in the journal as text is not replayed, to the frame', () => {
  const history = spoken(2_000);
  const whole = since(history);
  expect(since(history, {settledMs: 1_500})).toEqual(whole.slice(-25));
  expect(since(history, {settledMs: 1_501})).toEqual(whole.slice(-25));
  expect(since(history, {settledMs: 1_520})).toEqual(whole.slice(-24));
  expect(since(history, {settledMs: 2_000})).toEqual([]);
});

test('a new owner gets nothing of a caller who has said nothing', () => {
  expect(new CallerHistory().since()).toEqual([]);
});

test('a second of frames becomes one message, and five seconds become five', () => {
  const joined = spoken(5_000).since();
  expect(joined.map(frame => frame.kind === 'audio' && frame.timestamp)).toEqual([0, 1_000, 2_000, 3_000, 4_000]);
});

test('a gap in the clock of the caller, a mark and a digit keep their places', () => {
  const heard = new Heard();
  for (const at of [0, 20]) heard.audio(at);
  heard.control({kind: 'mark', name: 'm'}, 25);
  heard.audio(40);
  heard.control({kind: 'digit', digit: '1'}, 45);
  for (const at of [60, 500]) heard.audio(at);
  const replayed = heard.history.since();
  expect(replayed.map(frame => (frame.kind === 'audio' ? frame.timestamp : frame.kind))).toEqual([
    0,
    'mark',
    40,
    'digit',
    60,
    500,
  ]);
});

test('what came in the last seconds is replayed in order and to the byte, however long each frame is', () => {
  const step = fc.tuple(fc.nat(400), fc.integer({min: 1, max: 900}), fc.boolean());
  fc.assert(
    fc.property(fc.array(step, {maxLength: 600}), steps => {
      const heard = new Heard();
      let at = 0;
      const came = steps.map(([gap, length, isMark], number) => {
        at += gap;
        const bytes = Buffer.alloc(length, number);
        if (isMark) heard.control({kind: 'mark', name: `${number}`}, at);
        else heard.audio(at, bytes.toString('base64'));
        heard.history.release(heard.history.ring.end);
        return {bytes: isMark ? `mark ${number} ` : bytes.toString('hex'), at};
      });
      const kept = came.filter(each => at - each.at <= REPLAY_WINDOW_MS).map(({bytes}) => bytes);
      const replayed = heard.history.since().map(frame => {
        if (frame.kind === 'audio') return Buffer.from(frame.payload, 'base64').toString('hex');
        return frame.kind === 'mark' ? `mark ${frame.name} ` : '';
      });
      expect(replayed.join('').endsWith(kept.join(''))).toBe(true);
    }),
    {numRuns: 50},
  );
});
