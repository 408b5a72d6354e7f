import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {ProcessId} from '../protocol/ids.ts';
import {BEAT_MS} from '../redis/keys.ts';
import {FailureDetector, type Verdict} from './failure-detector.ts';

const peer = ProcessId.parse('worker-aaaa');
const other = ProcessId.parse('worker-bbbb');
const LONG_AGO = -100_000;
const PROOF = {linkedSince: LONG_AGO, proof: true};
const SUSPICION = {linkedSince: LONG_AGO, proof: false};

/** A detector that hears these peers from a moment on. */
function listeningTo(peers: readonly ProcessId[], at: number): FailureDetector {
  const detector = new FailureDetector();
  for (const id of peers) {
    detector.watch(id, at);
    detector.listening(id, at);
  }
  return detector;
}

/** Calls `look` every 25 ms until `until`, with Redis well. Returns the last verdict. */
function lookUntil(
  detector: FailureDetector,
  from: number,
  until: number,
  wellSince: number | undefined = LONG_AGO,
): Verdict {
  for (let at = from; at <= until; at += 25) detector.look(at, () => wellSince);
  return detector.verdict(peer, until);
}

/** Sends a heartbeat every `ms` milliseconds (a multiple of 25) and calls `look`. */
function beatEach(detector: FailureDetector, ms: number, from: number, until: number, calls = 0): void {
  for (let at = from; at <= until; at += 25) {
    if ((at - from) % ms === 0) detector.beat(peer, at, calls);
    detector.look(at, () => LONG_AGO);
  }
}

/** A detector that has heard a peer regularly until 0. */
function afterRegularBeats(): FailureDetector {
  const detector = listeningTo([peer], -5_000);
  beatEach(detector, BEAT_MS, -5_000, 0);
  return detector;
}

describe('a peer that stops beating', () => {
  test('is dead after 250 ms, and suspect before', () => {
    const detector = afterRegularBeats();
    expect(lookUntil(detector, 25, 99)).toBe('alive');
    expect(lookUntil(detector, 100, 249)).toBe('suspect');
    expect(lookUntil(detector, 250, 250)).toBe('dead');
  });

  test('is dead at once when its presence channel is gone from the only Redis, and alive at its next heartbeat', () => {
    const detector = afterRegularBeats();
    detector.look(15, () => LONG_AGO);
    detector.unheard(peer, 21, PROOF);
    expect(detector.verdict(peer, 21)).toBe('dead');
    detector.beat(peer, 22, 0);
    expect(detector.verdict(peer, 22)).toBe('alive');
  });

  test('is given up to a second if it was often late, and less again once it is on time', () => {
    const detector = listeningTo([peer], 0);
    beatEach(detector, 200, 0, 4_000);
    expect(lookUntil(detector, 4_025, 4_575)).toBe('suspect');
    expect(lookUntil(detector, 4_600, 4_600)).toBe('dead');
    // It hung and came back: its history starts over.
    lookUntil(detector, 4_625, 6_975);
    beatEach(detector, BEAT_MS, 7_000, 8_500);
    expect(lookUntil(detector, 8_525, 8_725)).toBe('suspect');
    expect(lookUntil(detector, 8_750, 8_750)).toBe('dead');
  });

  test('is given no more time if it was late long ago and on time since', () => {
    const detector = listeningTo([peer], 0);
    beatEach(detector, 200, 0, 2_000);
    beatEach(detector, BEAT_MS, 2_025, 22_025);
    expect(lookUntil(detector, 22_050, 22_250)).toBe('suspect');
    expect(lookUntil(detector, 22_275, 22_275)).toBe('dead');
  });

  test('is given a second while it is hardly known', () => {
    const detector = listeningTo([peer], 0);
    beatEach(detector, BEAT_MS, 0, 500);
    expect(lookUntil(detector, 525, 1_475)).toBe('suspect');
    expect(lookUntil(detector, 1_500, 1_500)).toBe('dead');
  });

  test('is given a second after it took many calls at once, by its own count', () => {
    const detector = afterRegularBeats();
    detector.beat(peer, 25, 4);
    expect(lookUntil(detector, 25, 1_000)).toBe('suspect');
    expect(lookUntil(detector, 1_025, 1_025)).toBe('dead');
  });

  test('is given a second after many calls of this process went to it at once, which its heartbeats do not show yet', () => {
    const detector = afterRegularBeats();
    for (let calls = 1; calls <= 5; calls += 1) detector.dependOn(peer, calls, calls);
    expect(lookUntil(detector, 25, 975)).toBe('suspect');
    expect(lookUntil(detector, 1_000, 1_000)).toBe('dead');
  });

  test('is given no more time for calls that come one after the other', () => {
    const detector = listeningTo([peer], 0);
    for (let calls = 0; calls < 30; calls += 1) {
      detector.dependOn(peer, calls, calls * 500);
      beatEach(detector, BEAT_MS, calls * 500, calls * 500 + 475, calls);
    }
    expect(lookUntil(detector, 15_000, 15_175)).toBe('suspect');
    expect(lookUntil(detector, 15_200, 15_200)).toBe('dead');
  });

  test('is given three times the longest recent pause of our own event loop, on a machine without processor time', () => {
    const detector = afterRegularBeats();
    detector.look(150, () => LONG_AGO);
    detector.beat(peer, 151, 0);
    expect(lookUntil(detector, 175, 550)).toBe('suspect');
    expect(lookUntil(detector, 575, 575)).toBe('dead');
  });

  test('is given three times the pause that every other peer has made as well', () => {
    const detector = afterRegularBeats();
    detector.watch(other, 0);
    for (let at = 25; at <= 3_000; at += 25) {
      if (at % 50 === 0) detector.beat(peer, at, 0);
      if (at % 50 === 0 && (at <= 2_700 || at >= 2_900)) detector.beat(other, at, 0);
      detector.look(at, () => LONG_AGO);
    }
    for (let at = 3_025; at <= 3_525; at += 25) {
      if (at % 50 === 0) detector.beat(other, at, 0);
      detector.look(at, () => LONG_AGO);
      expect([at, detector.verdict(peer, at)]).not.toEqual([at, 'dead']);
    }
    expect(lookUntil(detector, 3_550, 3_550)).toBe('dead');
  });

  test('is not dead because Redis, which has just come back, has lost all presence channels', () => {
    const detector = listeningTo([peer], 0);
    detector.beat(peer, 4_990, 0);
    detector.unheard(peer, 5_000, {linkedSince: undefined, proof: true});
    detector.unheard(peer, 5_000, {linkedSince: 4_500, proof: true});
    expect(detector.verdict(peer, 5_000)).toBe('alive');
    detector.unheard(peer, 5_000, {linkedSince: 4_000, proof: true});
    expect(detector.verdict(peer, 5_000)).toBe('dead');
  });

  test('is dead by its presence channel even while our event loop is busy and Redis is slow', () => {
    const detector = afterRegularBeats();
    detector.look(900, () => undefined);
    detector.unheard(peer, 1_100, PROOF);
    expect(detector.verdict(peer, 1_100)).toBe('dead');
  });

  test('is alive again at its next heartbeat after it was suspect', () => {
    const detector = afterRegularBeats();
    expect(lookUntil(detector, 25, 175)).toBe('suspect');
    detector.beat(peer, 175, 0);
    expect(lookUntil(detector, 175, 274)).toBe('alive');
  });

  test('is not called dead while Redis is unwell, nor for a second after it came back', () => {
    const detector = afterRegularBeats();
    for (let at = 0; at <= 5_000; at += 25) detector.look(at, () => undefined);
    expect(detector.verdict(peer, 5_000)).toBe('suspect');
    expect(lookUntil(detector, 5_000, 5_999, 5_000)).toBe('suspect');
    expect(lookUntil(detector, 6_000, 6_000, 5_000)).toBe('dead');
  });

  test('is not called dead by a process that slept and has heartbeats to read', () => {
    const detector = afterRegularBeats();
    detector.look(25, () => LONG_AGO);
    expect(detector.verdict(peer, 2_000)).toBe('suspect');
    detector.look(2_000, () => LONG_AGO);
    expect(detector.verdict(peer, 2_000)).not.toBe('dead');
    detector.beat(peer, 2_001, 0);
    expect(lookUntil(detector, 2_025, 2_025)).toBe('alive');
    detector.look(4_000, () => LONG_AGO);
    expect(detector.verdict(peer, 4_000)).not.toBe('dead');
    // The time of our own sleep does not count as silence of the peer; what follows does.
    expect(lookUntil(detector, 4_025, 4_900)).not.toBe('dead');
    expect(lookUntil(detector, 4_925, 5_000)).toBe('dead');
  });
});

describe('a peer without receivers on a Cluster, where the number is of one node only', () => {
  test('is not dead by that alone: it is dead when two heartbeats are missing as well', () => {
    const detector = afterRegularBeats();
    detector.unheard(peer, 20, SUSPICION);
    expect(lookUntil(detector, 25, 100)).not.toBe('dead');
    expect(lookUntil(detector, 125, 125)).toBe('dead');
  });

  test('is dead after 250 ms if it just took many calls', () => {
    const detector = afterRegularBeats();
    detector.beat(peer, 0, 20);
    detector.unheard(peer, 20, SUSPICION);
    expect(lookUntil(detector, 25, 225)).toBe('suspect');
    expect(lookUntil(detector, 250, 250)).toBe('dead');
  });

  test('has all its time again, and for the next ten seconds, when it beats: its subscription is at another node', () => {
    const detector = afterRegularBeats();
    detector.unheard(peer, 20, SUSPICION);
    for (let at = 50; at <= 8_000; at += 25) {
      if (at % 50 === 0) detector.beat(peer, at, 0);
      detector.unheard(peer, at, SUSPICION);
      detector.look(at, () => LONG_AGO);
    }
    expect(lookUntil(detector, 8_025, 8_225)).toBe('suspect');
    expect(lookUntil(detector, 8_250, 8_250)).toBe('dead');
  });

  test('is not dead while Redis is unwell', () => {
    const detector = afterRegularBeats();
    detector.unheard(peer, 20, SUSPICION);
    for (let at = 25; at <= 3_000; at += 25) detector.look(at, () => undefined);
    expect(detector.verdict(peer, 3_000)).toBe('suspect');
  });
});

describe('a peer that was not watched before', () => {
  test('is not judged by its silence before it can be heard', () => {
    const detector = new FailureDetector();
    detector.watch(peer, 0);
    expect(lookUntil(detector, 25, 5_000)).toBe('suspect');
    detector.listening(peer, 5_000);
    expect(lookUntil(detector, 5_025, 5_975)).not.toBe('dead');
    expect(lookUntil(detector, 6_000, 6_000)).toBe('dead');
  });

  test('does not suffer from the time in which there was nobody to look at', () => {
    const detector = afterRegularBeats();
    detector.forget(peer);
    expect(detector.verdict(peer, 0)).toBe('suspect');
    detector.watch(peer, 60_000);
    beatEach(detector, BEAT_MS, 60_000, 62_000);
    expect(lookUntil(detector, 62_025, 62_225)).toBe('suspect');
    expect(lookUntil(detector, 62_250, 62_250)).toBe('dead');
  });

  test('is judged by the Redis that carries its heartbeats', () => {
    const detector = listeningTo([peer, other], -5_000);
    for (let at = -5_000; at <= 0; at += 25) {
      if (at % 50 === 0) for (const id of [peer, other]) detector.beat(id, at, 0);
      detector.look(at, () => LONG_AGO);
    }
    for (let at = 25; at <= 5_000; at += 25) detector.look(at, id => (id === peer ? undefined : LONG_AGO));
    expect([peer, other].map(id => detector.verdict(id, 5_000))).toEqual(['suspect', 'dead']);
  });
});

describe('several peers that fall silent together', () => {
  const [ann, bob, cid] = ['worker-anna', 'worker-bobb', 'worker-cidd'].map(id => ProcessId.parse(id));

  test('get a second before they are called dead, because the machine is more likely the cause', () => {
    const detector = listeningTo([ann!, bob!, cid!], 0);
    for (const id of [ann!, bob!, cid!]) detector.beat(id, 0, 0);
    for (let at = 0; at <= 990; at += 15) {
      if (at % 50 < 15) detector.beat(cid!, at, 0);
      detector.look(at, () => LONG_AGO);
      expect(detector.verdict(ann!, at)).not.toBe('dead');
    }
    detector.look(1_005, () => LONG_AGO);
    expect(detector.verdict(ann!, 1_005)).toBe('dead');
  });

  test('get three seconds if all peers are silent, because none could take their calls', () => {
    const detector = listeningTo([ann!, bob!], 0);
    for (const id of [ann!, bob!]) detector.beat(id, 0, 0);
    for (let at = 0; at <= 2_985; at += 15) {
      detector.look(at, () => LONG_AGO);
      expect(detector.verdict(ann!, at)).not.toBe('dead');
    }
    detector.look(3_000, () => LONG_AGO);
    expect(detector.verdict(ann!, 3_000)).toBe('dead');
  });

  test('are dead after a second again as soon as another sends a heartbeat', () => {
    const detector = listeningTo([ann!, bob!], 0);
    for (const id of [ann!, bob!]) detector.beat(id, 0, 0);
    for (let at = 0; at <= 1_500; at += 15) detector.look(at, () => LONG_AGO);
    expect(detector.verdict(ann!, 1_500)).toBe('suspect');
    detector.beat(bob!, 1_505, 0);
    detector.look(1_515, () => LONG_AGO);
    expect(detector.verdict(bob!, 1_515)).toBe('alive');
    expect(detector.verdict(ann!, 1_515)).toBe('dead');
  });

  test('are not called dead while they take over the calls of one that died', () => {
    const detector = listeningTo([ann!, bob!, cid!], 0);
    for (const id of [ann!, bob!, cid!]) detector.beat(id, 0, 0);
    detector.look(15, () => LONG_AGO);
    detector.unheard(ann!, 20, PROOF);
    for (let at = 30; at <= 705; at += 15) {
      if (at % 50 < 15) detector.beat(cid!, at, 0);
      if (at % 50 < 15 && at < 150) detector.beat(bob!, at, 0);
      detector.look(at, () => LONG_AGO);
      expect(detector.verdict(bob!, at)).not.toBe('dead');
    }
    expect(detector.verdict(ann!, 705)).toBe('dead');
    detector.beat(ann!, 706, 0);
    expect(detector.verdict(ann!, 706)).toBe('alive');
  });
});

test('a peer without any heartbeat is given a second from the moment when we began to listen', () => {
  const detector = listeningTo([peer], 1_000);
  expect(lookUntil(detector, 1_000, 1_099)).toBe('alive');
  expect(lookUntil(detector, 1_100, 1_999)).toBe('suspect');
  expect(lookUntil(detector, 2_000, 2_000)).toBe('dead');
});

/** A minute of one peer, of Redis and of our own event loop, step by step. */
const step = fc.record({
  wait: fc.oneof({weight: 20, arbitrary: fc.integer({min: 10, max: 45})}, fc.integer({min: 45, max: 600})),
  redis: fc.oneof({weight: 30, arbitrary: fc.constant('stay' as const)}, fc.constant('flip' as const)),
});

test('a peer that beats is never called dead, whatever Redis and our own event loop do', () => {
  fc.assert(
    fc.property(fc.array(step, {maxLength: 300}), fc.integer({min: 0, max: BEAT_MS - 1}), (steps, phase) => {
      const detector = listeningTo([peer], 0);
      let [at, beaten, wellSince] = [0, 0, LONG_AGO as number | undefined];
      for (const {wait, redis} of steps) {
        at += wait;
        // As in a real process: timers run before the socket is read.
        detector.look(at, () => wellSince);
        if (detector.verdict(peer, at) === 'dead') return false;
        if (redis === 'flip') wellSince = wellSince === undefined ? at : undefined;
        // Subscribers come back up to 800 ms after Redis; a beat sent before that is lost.
        const heard = wellSince !== undefined && at - wellSince > 800;
        const lastBeatSent = Math.floor((at - phase) / BEAT_MS) * BEAT_MS + phase;
        if (heard && lastBeatSent > beaten) detector.beat(peer, at, 0);
        if (heard) beaten = lastBeatSent;
      }
      return true;
    }),
    {numRuns: 2_000},
  );
});

test('a peer that beats is never called dead on a Cluster, whatever numbers of receivers its nodes give', () => {
  fc.assert(
    fc.property(fc.array(fc.record({wait: fc.integer({min: 5, max: 40}), lie: fc.boolean()})), steps => {
      const detector = afterRegularBeats();
      let [at, beaten] = [0, 0];
      for (const {wait, lie} of steps) {
        at += wait;
        if (lie) detector.unheard(peer, at, SUSPICION);
        detector.look(at, () => LONG_AGO);
        if (detector.verdict(peer, at) === 'dead') return false;
        if (at - beaten >= BEAT_MS) detector.beat(peer, (beaten = at), 0);
      }
      return true;
    }),
  );
});

test('a known peer that stops is called dead within 300 ms, if Redis is well and we are awake', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({min: 10, max: 45}), {minLength: 40, maxLength: 200}),
      fc.integer({min: 0, max: 20}),
      (waits, living) => {
        const detector = afterRegularBeats();
        let [at, lastBeat] = [0, 0];
        for (const [index, wait] of waits.entries()) {
          at += wait;
          detector.look(at, () => LONG_AGO);
          if (index < living) detector.beat(peer, (lastBeat = at), 0);
          const dead = detector.verdict(peer, at) === 'dead';
          if (dead !== at - lastBeat >= 250) return false;
        }
        return true;
      },
    ),
  );
});

test('a peer that stops is called dead within a second, however many calls it had just taken and however late it was', () => {
  const beats = fc.array(fc.record({wait: fc.integer({min: 10, max: 45}), calls: fc.integer({min: 0, max: 200})}));
  fc.assert(
    fc.property(beats, fc.boolean(), (before, suspected) => {
      const detector = listeningTo([peer], 0);
      let at = 0;
      for (const {wait, calls} of before) {
        detector.beat(peer, (at += wait), calls);
        detector.look(at, () => LONG_AGO);
      }
      if (suspected) detector.unheard(peer, at, SUSPICION);
      return lookUntil(detector, at, at + 1_000) === 'dead';
    }),
  );
});
