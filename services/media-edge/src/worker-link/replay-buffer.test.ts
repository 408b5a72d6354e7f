import fc from 'fast-check';
import {expect, test} from 'vitest';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import {ReplayBuffer, REPLAY_WINDOW_MS} from './replay-buffer.ts';

const audio = (timestamp: number): EdgeToWorker => ({kind: 'audio', timestamp, payload: String(timestamp)});

/** A buffer after a caller spoke for `ms`. */
function spoken(ms: number): ReplayBuffer {
  const buffer = new ReplayBuffer();
  for (let at = 0; at < ms; at += 20) buffer.push(audio(at), at);
  return buffer;
}

test('the first owner of a stream gets everything that waited for it', () => {
  const buffer = spoken(500);
  expect(buffer.since({unconfirmed: 25})).toEqual(Array.from({length: 25}, (_, frame) => audio(frame * 20)));
});

test('a new owner gets the last seconds, whether the owner before confirmed them or not', () => {
  for (const unconfirmed of [0, 10, 1_000]) {
    const replayed = spoken(7_000).since({unconfirmed});
    expect(replayed).toHaveLength(350);
    expect(replayed.at(-1)).toEqual(audio(6_980));
  }
});

test('nothing older than eight seconds is kept', () => {
  const buffer = spoken(60_000);
  const replayed = buffer.since({unconfirmed: 1_000_000});
  expect(replayed[0]).toEqual(audio(59_980 - REPLAY_WINDOW_MS));
  expect(replayed).toHaveLength(REPLAY_WINDOW_MS / 20 + 1);
});

test('a confirmed digit is not replayed, a mark that came back may be', () => {
  const buffer = new ReplayBuffer();
  buffer.push({kind: 'digit', digit: '1'}, 0);
  buffer.push({kind: 'mark', name: 'm'}, 10);
  buffer.push({kind: 'digit', digit: '2'}, 20);
  buffer.push(audio(30), 30);
  expect(buffer.since({unconfirmed: 2})).toEqual([{kind: 'mark', name: 'm'}, {kind: 'digit', digit: '2'}, audio(30)]);
});

test('audio that is in the journal as text is not replayed, unless it was never confirmed', () => {
  const buffer = spoken(2_000);
  expect(buffer.since({unconfirmed: 0, settledMs: 1_500})).toEqual(buffer.since({unconfirmed: 25}).slice(-25));
  expect(buffer.since({unconfirmed: 50, settledMs: 1_500})).toHaveLength(50);
});

test('a new owner gets nothing of a caller who has said nothing', () => {
  expect(new ReplayBuffer().since({unconfirmed: 0})).toEqual([]);
  expect(new ReplayBuffer().since({unconfirmed: 5})).toEqual([]);
});

test('everything that was not confirmed is replayed, in order, unless it is too old', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(400), {maxLength: 600}), fc.nat(700), (gaps, unconfirmed) => {
      const buffer = new ReplayBuffer();
      let at = 0;
      const pushed = gaps.map(gap => {
        at += gap;
        buffer.push(audio(at), at);
        return {frame: audio(at), at};
      });
      const kept = pushed.filter(one => at - one.at <= REPLAY_WINDOW_MS).map(one => one.frame);
      const lost = pushed.slice(pushed.length - Math.min(unconfirmed, pushed.length)).map(one => one.frame);
      const replayed = buffer.since({unconfirmed});
      expect(replayed).toEqual(kept.slice(kept.length - replayed.length));
      for (const frame of lost.slice(-kept.length)) expect(replayed).toContainEqual(frame);
    }),
    {numRuns: 50},
  );
});
