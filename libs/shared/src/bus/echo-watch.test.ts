import {describe, expect, test} from 'vitest';
import {ECHO_MS, EchoWatch, IDLE_ECHO_MS} from './echo-watch.ts';

/** Redis answers within a millisecond from `from` until `until`. */
function answering(watch: EchoWatch, from: number, until: number): void {
  for (let at = from; at <= until; at += ECHO_MS) {
    watch.tick(at);
    watch.echoed(at + 1);
  }
}

describe('a Redis that answers', () => {
  test('is well from its first echo on', () => {
    const watch = new EchoWatch(0);
    expect(watch.wellSince(0)).toBeUndefined();
    answering(watch, 0, 5_000);
    expect(watch.wellSince(5_010)).toBe(1);
  });

  test('stays well while our event loop is busy for 400 ms', () => {
    const watch = new EchoWatch(0);
    answering(watch, 0, 1_000);
    // The timer due at 1,050 runs at 1,450, and only then is the echo of 1,000 read.
    expect(watch.wellSince(1_440)).toBe(1);
    expect(watch.tick(1_450)).toBe(false);
    expect(watch.wellSince(1_450)).toBe(1);
    watch.echoed(1_451);
    answering(watch, 1_500, 2_000);
    expect(watch.wellSince(2_001)).toBe(1);
  });

  test('is well only from its next echo on after this process slept for seconds, because messages may be lost', () => {
    const watch = new EchoWatch(0);
    answering(watch, 0, 1_000);
    expect(watch.tick(5_000)).toBe(false);
    expect(watch.wellSince(5_000)).toBeUndefined();
    watch.echoed(5_001);
    expect(watch.wellSince(5_002)).toBe(5_001);
  });
});

test('a slow Redis keeps its subscribers, and one that closed a connection may have lost them', () => {
  const watch = new EchoWatch(0);
  answering(watch, 0, 1_000);
  watch.tick(1_200);
  watch.echoed(1_250);
  expect(watch.linkedSince).toBe(1);
  watch.disconnected();
  expect(watch.linkedSince).toBeUndefined();
  watch.opened(1_900);
  expect(watch.linkedSince).toBeUndefined();
  watch.echoed(2_000);
  expect(watch.linkedSince).toBe(2_000);
});

describe('a Redis that hangs', () => {
  test('is unwell after 150 ms, and its connection is replaced after 300', () => {
    const watch = new EchoWatch(0);
    answering(watch, 0, 1_000);
    for (let at = 1_050; at <= 1_400; at += ECHO_MS) {
      expect(watch.tick(at)).toBe(at - 1_001 > 300);
      expect(watch.wellSince(at)).toBe(at - 1_001 > 150 ? undefined : 1);
    }
  });

  test('gets as long again for the first echo on its next connection', () => {
    const watch = new EchoWatch(0);
    watch.opened(1_000);
    for (let at = 1_050; at <= 1_300; at += ECHO_MS) expect(watch.tick(at)).toBe(false);
    expect(watch.wellSince(1_300)).toBeUndefined();
    watch.echoed(1_310);
    expect(watch.wellSince(1_311)).toBe(1_310);
  });

  test('is unwell between two ticks, too', () => {
    const watch = new EchoWatch(0);
    answering(watch, 0, 1_000);
    for (const at of [1_050, 1_100, 1_150]) watch.tick(at);
    expect(watch.wellSince(1_150)).toBe(1);
    expect(watch.wellSince(1_152)).toBeUndefined();
  });

  test('is unwell at once when the connection closes', () => {
    const watch = new EchoWatch(0);
    answering(watch, 0, 1_000);
    watch.disconnected();
    expect(watch.wellSince(1_002)).toBeUndefined();
  });
});

test('a Redis that refuses to deliver is unwell, and its connection is kept, because it answers', () => {
  const watch = new EchoWatch(0);
  answering(watch, 0, 1_000);
  for (let at = 1_050; at <= 2_000; at += ECHO_MS) {
    expect(watch.tick(at)).toBe(false);
    watch.refused(at + 1);
    expect(watch.wellSince(at + 2)).toBeUndefined();
  }
  watch.echoed(2_010);
  expect(watch.wellSince(2_011)).toBe(2_010);
});

describe('a process without calls', () => {
  /** Echoes at the pace of an idle process. */
  function idle(watch: EchoWatch, from: number, until: number): void {
    for (let at = from; at <= until; at += IDLE_ECHO_MS) {
      watch.tick(at, IDLE_ECHO_MS);
      watch.echoed(at + 1);
    }
  }

  test('knows that Redis is well from few echoes, also at the moment when a call begins', () => {
    const watch = new EchoWatch(0);
    idle(watch, 0, 5_000);
    expect(watch.wellSince(5_249)).toBe(1);
    answering(watch, 5_250, 6_000);
    expect(watch.wellSince(6_001)).toBe(1);
  });

  test('learns a tenth of a second after the next echo was due that Redis hangs, and then to open another connection', () => {
    const watch = new EchoWatch(0);
    idle(watch, 0, 5_000);
    expect(watch.tick(5_250, IDLE_ECHO_MS)).toBe(false);
    expect(watch.wellSince(5_350)).toBe(1);
    expect(watch.wellSince(5_352)).toBeUndefined();
    watch.tick(5_500, IDLE_ECHO_MS);
    expect(watch.tick(5_750, IDLE_ECHO_MS)).toBe(true);
  });

  test('notices a Redis that hangs as fast as any process once calls have begun', () => {
    const watch = new EchoWatch(0);
    idle(watch, 0, 5_000);
    answering(watch, 5_250, 6_000);
    for (const at of [6_050, 6_100, 6_150]) expect(watch.tick(at)).toBe(false);
    expect(watch.wellSince(6_151)).toBe(1);
    expect(watch.wellSince(6_152)).toBeUndefined();
  });
});
