import {expect, test} from 'vitest';
import type {ProcessFigures} from '../load/measurement.ts';
import {recommend} from './recommendation.ts';

const of = (cpuMs: number, threadBusy: number | undefined): ProcessFigures => ({
  cpuMs,
  threadBusy,
  idleMs: 0,
  peakBytes: 0,
  heldBytes: undefined,
  leftBytes: undefined,
  longestPause: undefined,
  pausedMs: undefined,
});
const processes = {worker: of(5, 0.5), edge: of(4, 0.25), redis: of(1, undefined)};

test('keeps a fifth of what the machine carries for bursts, and scales at 70 % of the rest', () => {
  expect(recommend({calls: 120, processes})).toMatchObject({together: 96, scaleAt: 67});
});

test('a process with a core for itself takes what its thread has left', () => {
  expect(recommend({calls: 120, processes})).toMatchObject({worker: 190, edge: 380});
});

test('calls per core count every process', () => {
  expect(recommend({calls: 120, processes})).toMatchObject({
    perCore: 100,
    perCoreOf: {worker: 200, edge: 250, redis: 1_000},
  });
});
