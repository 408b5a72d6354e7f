import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {ProcessId} from '../protocol/ids.ts';
import {BEAT_MS} from '../redis/keys.ts';
import {FailureDetector, type Verdict} from './failure-detector.ts';

const peer = ProcessId.parse('worker-aaaa');
const LONG_AGO = -100_000;

/** Calls `look` every 25 ms until `until`, with Redis well. Returns the last verdict. */
function lookUntil(
  detector: FailureDetector,
  from: number,
  until: number,
  wellSince: number | undefined = LONG_AGO,
): Verdict {
  for (let at = from; at <= until; at += 25) detector.look(at, wellSince);
  return detector.verdict(peer, until);
}

/** Sends a heartbeat every `ms` milliseconds (a multiple of 25) and calls `look`. */
function beatEach(detector: FailureDetector, ms: number, from: number, until: number): void {
  for (let at = from; at <= until; at += 25) {
    if ((at - from) % ms === 0) detector.beat(peer, at);
    detector.look(at, LONG_AGO);
  }
}

describe('a peer that stops beating', () => {
  test('is dead after 250 ms, and suspect before', () => {
    const detector = new FailureDetector(0, LONG_AGO);
    detector.beat(peer, 0);
    expect(lookUntil(detector, 0, 99)).toBe('alive');
    expect(lookUntil(detector, 100, 249)).toBe('suspect');
    expect(lookUntil(detector, 250, 250)).toBe('dead');
  });

  test('is dead at once when its presence channel is gone, and alive at its next heartbeat', () => {
    const detector = new FailureDetector(0, LONG_AGO);
    detector.beat(peer, 0);
    detector.look(15, LONG_AGO);
    detector.gone(peer, 21, LONG_AGO);
    expect(detector.verdict(peer, 21)).toBe('dead');
    detector.beat(peer, 22);
    expect(detector.verdict(peer, 22)).toBe('alive');
  });

  test('is given up to a second if it was often late, and less again once it is on time', () => {
    const detector = new FailureDetector(0, LONG_AGO);
    beatEach(detector, 200, 0, 2_000);
    expect(lookUntil(detector, 2_000, 2_575)).toBe('suspect');
    expect(lookUntil(detector, 2_600, 2_600)).toBe('dead');
    // It hung and came back: its history begins anew.
    beatEach(detector, BEAT_MS, 5_000, 5_500);
    expect(lookUntil(detector, 5_525, 5_725)).toBe('suspect');
    expect(lookUntil(detector, 5_750, 5_750)).toBe('dead');
  });

  test('is given no more time if it was late long ago and on time since', () => {
    const detector = new FailureDetector(0, LONG_AGO);
    beatEach(detector, 200, 0, 2_000);
    beatEach(detector, BEAT_MS, 2_025, 22_025);
    expect(lookUntil(detector, 22_050, 22_250)).toBe('suspect');
    expect(lookUntil(detector, 22_275, 22_275)).toBe('dead');
  });

  test('is not dead because Redis, which has just come back, has lost all presence channels', () => {
    const detector = new FailureDetector(0, LONG_AGO);
    detector.beat(peer, 4_990);
    detector.gone(peer, 5_000, undefined);
    detector.gone(peer, 5_000, 4_500);
    expect(detector.verdict(peer, 5_000)).toBe('alive');
    detector.gone(peer, 5_000, 4_000);
    expect(detector.verdict(peer, 5_000)).toBe('dead');
  });

  test('is dead by its presence channel even while our event loop is busy and Redis is slow', () => {
    const detector = new FailureDetector(0, LONG_AGO);
    detector.beat(peer, 0);
    detector.look(900, undefined);
    detector.gone(peer, 1_100, LONG_AGO);
    expect(detector.verdict(peer, 1_100)).toBe('dead');
  });

  test('is alive again at its next heartbeat after it was suspect', () => {
    const detector = new FailureDetector(0, LONG_AGO);
    detector.beat(peer, 0);
    expect(lookUntil(detector, 0, 175)).toBe('suspect');
    detector.beat(peer, 175);
    expect(lookUntil(detector, 175, 274)).toBe('alive');
  });

  test('is not called dead while Redis is unwell, nor for a second after it came back', () => {
    const detector = new FailureDetector(0, LONG_AGO);
    detector.beat(peer, 0);
    for (let at = 0; at <= 5_000; at += 25) detector.look(at, undefined);
    expect(detector.verdict(peer, 5_000)).toBe('suspect');
    expect(lookUntil(detector, 5_000, 5_999, 5_000)).toBe('suspect');
    expect(lookUntil(detector, 6_000, 6_000, 5_000)).toBe('dead');
  });

  test('is not called dead by a process that slept and has heartbeats to read', () => {
    const detector = new FailureDetector(0, LONG_AGO);
    detector.beat(peer, 0);
    detector.look(25, LONG_AGO);
    expect(detector.verdict(peer, 2_000)).toBe('suspect');
    detector.look(2_000, LONG_AGO);
    expect(detector.verdict(peer, 2_000)).not.toBe('dead');
    detector.beat(peer, 2_001);
    expect(lookUntil(detector, 2_025, 2_025)).toBe('alive');
    detector.look(4_000, LONG_AGO);
    expect(detector.verdict(peer, 4_000)).not.toBe('dead');
    // The time of our own sleep does not count as silence of the peer; what follows does.
    expect(lookUntil(detector, 4_025, 4_150)).not.toBe('dead');
    expect(lookUntil(detector, 4_175, 4_250)).toBe('dead');
  });
});

describe('several peers that fall silent together', () => {
  const [ann, bob, cid] = ['worker-anna', 'worker-bobb', 'worker-cidd'].map(id => ProcessId.parse(id));

  test('get a second before they are called dead, because the machine is more likely the cause', () => {
    const detector = new FailureDetector(0, LONG_AGO);
    for (const id of [ann!, bob!, cid!]) detector.beat(id, 0);
    for (let at = 0; at <= 990; at += 15) {
      if (at % 50 < 15) detector.beat(cid!, at);
      detector.look(at, LONG_AGO);
      expect(detector.verdict(ann!, at)).not.toBe('dead');
    }
    detector.look(1_005, LONG_AGO);
    expect(detector.verdict(ann!, 1_005)).toBe('dead');
  });

  test('get three seconds if all peers are silent, because none could take their calls', () => {
    const detector = new FailureDetector(0, LONG_AGO);
    for (const id of [ann!, bob!]) detector.beat(id, 0);
    for (let at = 0; at <= 2_985; at += 15) {
      detector.look(at, LONG_AGO);
      expect(detector.verdict(ann!, at)).not.toBe('dead');
    }
    detector.look(3_000, LONG_AGO);
    expect(detector.verdict(ann!, 3_000)).toBe('dead');
  });

  test('are dead after a second again as soon as another sends a heartbeat', () => {
    const detector = new FailureDetector(0, LONG_AGO);
    for (const id of [ann!, bob!]) detector.beat(id, 0);
    for (let at = 0; at <= 1_500; at += 15) detector.look(at, LONG_AGO);
    expect(detector.verdict(ann!, 1_500)).toBe('suspect');
    detector.beat(bob!, 1_505);
    detector.look(1_515, LONG_AGO);
    expect(detector.verdict(bob!, 1_515)).toBe('alive');
    expect(detector.verdict(ann!, 1_515)).toBe('dead');
  });

  test('are not called dead while they take over the calls of one that died', () => {
    const detector = new FailureDetector(0, LONG_AGO);
    for (const id of [ann!, bob!, cid!]) detector.beat(id, 0);
    detector.look(15, LONG_AGO);
    detector.gone(ann!, 20, LONG_AGO);
    for (let at = 30; at <= 705; at += 15) {
      if (at % 50 < 15) detector.beat(cid!, at);
      if (at % 50 < 15 && at < 150) detector.beat(bob!, at);
      detector.look(at, LONG_AGO);
      expect(detector.verdict(bob!, at)).not.toBe('dead');
    }
    expect(detector.verdict(ann!, 705)).toBe('dead');
    detector.beat(ann!, 706);
    expect(detector.verdict(ann!, 706)).toBe('alive');
  });
});

test('a peer without any heartbeat is judged as if it had sent one when we began to listen', () => {
  const detector = new FailureDetector(1_000, LONG_AGO);
  expect(lookUntil(detector, 1_000, 1_099)).toBe('alive');
  expect(lookUntil(detector, 1_100, 1_249)).toBe('suspect');
  expect(lookUntil(detector, 1_250, 1_250)).toBe('dead');
});

/** A minute of one peer, of Redis and of our own event loop, step by step. */
const step = fc.record({
  wait: fc.oneof({weight: 20, arbitrary: fc.integer({min: 10, max: 45})}, fc.integer({min: 45, max: 600})),
  redis: fc.oneof({weight: 30, arbitrary: fc.constant('stay' as const)}, fc.constant('flip' as const)),
});

test('a peer that beats is never called dead, whatever Redis and our own event loop do', () => {
  fc.assert(
    fc.property(fc.array(step, {maxLength: 300}), fc.integer({min: 0, max: BEAT_MS - 1}), (steps, phase) => {
      const detector = new FailureDetector(0, LONG_AGO);
      let [at, beaten, wellSince] = [0, 0, LONG_AGO as number | undefined];
      for (const {wait, redis} of steps) {
        at += wait;
        // As in a real process: timers run before the socket is read.
        detector.look(at, wellSince);
        if (detector.verdict(peer, at) === 'dead') return false;
        if (redis === 'flip') wellSince = wellSince === undefined ? at : undefined;
        // Subscribers come back up to 800 ms after Redis; a beat sent before that is lost.
        const heard = wellSince !== undefined && at - wellSince > 800;
        const lastBeatSent = Math.floor((at - phase) / BEAT_MS) * BEAT_MS + phase;
        if (heard && lastBeatSent > beaten) detector.beat(peer, at);
        if (heard) beaten = lastBeatSent;
      }
      return true;
    }),
    {numRuns: 2_000},
  );
});

test('a peer that stops is called dead within 300 ms, if Redis is well and we are awake', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({min: 10, max: 45}), {minLength: 40, maxLength: 200}),
      fc.integer({min: 0, max: 20}),
      (waits, living) => {
        const detector = new FailureDetector(0, LONG_AGO);
        let [at, lastBeat] = [0, 0];
        for (const [index, wait] of waits.entries()) {
          at += wait;
          detector.look(at, LONG_AGO);
          if (index < living) detector.beat(peer, (lastBeat = at));
          const dead = detector.verdict(peer, at) === 'dead';
          if (dead !== at - lastBeat >= 250) return false;
        }
        return true;
      },
    ),
  );
});
