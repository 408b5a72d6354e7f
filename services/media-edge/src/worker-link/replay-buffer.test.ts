import fc from 'fast-check';
import {expect, test} from 'vitest';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import {ReplayBuffer, REPLAY_WINDOW_MS} from './replay-buffer.ts';

const audio = (timestamp: number): EdgeToWorker => ({kind: 'audio', timestamp, payload: String(timestamp)});

/** A caller who spoke for so long. */
function spoken(ms: number): ReplayBuffer {
  const ring = new ReplayBuffer();
  for (let at = 0; at < ms; at += 20) ring.push(audio(at), at);
  return ring;
}

test('the first owner of a stream hears everything that waited for it', () => {
  const ring = spoken(500);
  expect(ring.since({unconfirmed: 25})).toEqual(Array.from({length: 25}, (_, frame) => audio(frame * 20)));
});

test('a new owner hears the last seconds, whether anybody confirmed them or not', () => {
  for (const unconfirmed of [0, 10, 1_000]) {
    const told = spoken(7_000).since({unconfirmed});
    expect(told).toHaveLength(350);
    expect(told.at(-1)).toEqual(audio(6_980));
  }
});

test('nothing older than eight seconds is kept', () => {
  const ring = spoken(60_000);
  const told = ring.since({unconfirmed: 1_000_000});
  expect(told[0]).toEqual(audio(59_980 - REPLAY_WINDOW_MS));
  expect(told).toHaveLength(REPLAY_WINDOW_MS / 20 + 1);
});

test('a key that was pressed once is told once, a mark that came back may be told again', () => {
  const ring = new ReplayBuffer();
  ring.push({kind: 'digit', digit: '1'}, 0);
  ring.push({kind: 'mark', name: 'm'}, 10);
  ring.push({kind: 'digit', digit: '2'}, 20);
  ring.push(audio(30), 30);
  expect(ring.since({unconfirmed: 2})).toEqual([{kind: 'mark', name: 'm'}, {kind: 'digit', digit: '2'}, audio(30)]);
});

test('what the last owner has in words is not told again, but for what it never got', () => {
  const ring = spoken(2_000);
  expect(ring.since({unconfirmed: 0, settledMs: 1_500})).toEqual(ring.since({unconfirmed: 25}).slice(-25));
  expect(ring.since({unconfirmed: 50, settledMs: 1_500})).toHaveLength(50);
});

test('nobody has said anything yet', () => {
  expect(new ReplayBuffer().since({unconfirmed: 0})).toEqual([]);
  expect(new ReplayBuffer().since({unconfirmed: 5})).toEqual([]);
});

test('whatever was not confirmed is told, in order, if it is not too old', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(400), {maxLength: 600}), fc.nat(700), (gaps, unconfirmed) => {
      const ring = new ReplayBuffer();
      let at = 0;
      const pushed = gaps.map(gap => {
        at += gap;
        ring.push(audio(at), at);
        return {frame: audio(at), at};
      });
      const kept = pushed.filter(one => at - one.at <= REPLAY_WINDOW_MS).map(one => one.frame);
      const lost = pushed.slice(pushed.length - Math.min(unconfirmed, pushed.length)).map(one => one.frame);
      const told = ring.since({unconfirmed});
      expect(told).toEqual(kept.slice(kept.length - told.length));
      for (const frame of lost.slice(-kept.length)) expect(told).toContainEqual(frame);
    }),
    {numRuns: 50},
  );
});
