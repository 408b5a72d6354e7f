import {describe, expect, test} from 'vitest';
import type {ProcessSample, Sample} from './sample.ts';
import {heapSlope, type Soak, tableOf, whatGrew} from './verdict.ts';

const MB = 2 ** 20;
const KEYS_LIVE_FOR = 600;

const sample = (at: number, worker: Partial<ProcessSample> = {}, rest: Partial<Sample> = {}): Sample => ({
  at,
  processes: [{name: 'worker', heap: 30 * MB, buffers: 0, timers: 0, resident: 100 * MB, descriptors: 30, ...worker}],
  channels: 18,
  redisClients: 20,
  redisKeys: 32,
  redisBytes: 2 * MB,
  ...rest,
});

/** Half an hour with 600 calls; `heap` in bytes by the minute. */
const soak = (heap: (minute: number) => number, rest: Partial<Soak> = {}): Soak => ({
  calls: 600,
  before: sample(0),
  during: Array.from({length: 30}, (_, minute) => sample(minute * 60_000, {heap: heap(minute)})),
  after: sample(31 * 60_000, {heap: heap(30)}),
  left: [],
  keysLiveFor: KEYS_LIVE_FOR,
  ...rest,
});

describe('an operator who lets calls come and go', () => {
  test('is told nothing about memory that only settles', () => {
    expect(whatGrew(soak(minute => 30 * MB + Math.min(minute, 5) * MB))).toEqual([]);
    expect(whatGrew(soak(minute => 30 * MB + (minute % 2) * 3 * MB))).toEqual([]);
  });

  test('is told about memory that rises with every call', () => {
    const leak = 20_000;
    const [line, ...others] = whatGrew(soak(minute => 30 * MB + minute * 20 * leak));
    expect(others).toEqual([]);
    expect(line).toMatch(/^worker holds 11\.4 MB more, 19\d{3} bytes a call$/);
  });

  test('is told about descriptors, timers, connections and channels that stay', () => {
    const after = sample(31 * 60_000, {descriptors: 230, timers: 90}, {channels: 19, redisClients: 60});
    expect(whatGrew(soak(() => 30 * MB, {after}))).toEqual([
      'worker has 230 descriptors, and had 30',
      'worker has 90 timers, and had 0',
      'redis has 19 channels, and had 18',
      'redis has 60 connections, and had 20',
    ]);
  });

  test('is told about a key that outlives its call, and not of one whose time is not over', () => {
    const endedAt = (secondsAgo: number) => 31 * 60_000 - secondsAgo * 1_000;
    const left = [
      {key: 'call:{a}', lifetime: 300, endedAt: endedAt(300)},
      {key: 'call:{b}', lifetime: 20, endedAt: endedAt(900)},
      {key: 'call:{c}', lifetime: -1, endedAt: endedAt(10)},
      {key: 'call:{d}', lifetime: 90_000, endedAt: undefined},
    ];
    expect(whatGrew(soak(() => 30 * MB, {left}))).toEqual([
      'the key call:{b} is there 900 s after its call ended',
      'the key call:{c} would stay for ever',
      'the key call:{d} is of no call',
    ]);
  });

  test('reads before, at most and after in one table', () => {
    expect(tableOf(soak(minute => 30 * MB + minute * MB)).split('\n')[2]).toBe(
      '| worker | 30.0 → 59.0 → 60.0 | 60.0 MB an hour, 50681 bytes a call | 100.0 → 100.0 → 100.0 | 30 → 30 → 30 | 0 → 0 → 0 |',
    );
  });
});

test('the slope is of the second half only, and does not follow a single peak', () => {
  const half = soak(minute => (minute < 15 ? minute * MB : 15 * MB)).during;
  expect(heapSlope(half, 'worker')).toBe(0);
  const peak = soak(minute => (minute === 22 ? 40 * MB : 30 * MB)).during;
  expect(Math.abs(heapSlope(peak, 'worker') * 3_600_000)).toBeLessThan(5 * MB);
});
