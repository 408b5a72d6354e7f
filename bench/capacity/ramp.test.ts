import fc from 'fast-check';
import {expect, test} from 'vitest';
import type {Measurement} from '../load/measurement.ts';
import {percentiles} from '../load/percentiles.ts';
import {beyond, kneeOf, nextCalls, type Step} from './ramp.ts';

/** Ramps on a machine that carries this many calls; `unlucky` measurements go wrong for another reason. */
function ramp(carries: number, most = 1_000, unlucky: ReadonlySet<number> = new Set()): Step[] {
  const steps: Step[] = [];
  for (;;) {
    const calls = nextCalls(steps, most);
    if (calls === undefined) return steps;
    const isWrong = calls > carries || unlucky.has(steps.length);
    steps.push({calls, wrong: isWrong ? ['up p99 80 ms'] : []});
    if (steps.length > 40) throw new Error('the ramp does not end');
  }
}

test('grows to the first number of calls that is too many, measures that twice, and looks between', () => {
  expect(ramp(120).map(({calls}) => calls)).toEqual([10, 25, 50, 100, 150, 150, 120]);
});

test('one measurement that went wrong by accident does not end the ramp', () => {
  expect(kneeOf(ramp(120, 1_000, new Set([2])))).toMatchObject({held: 120});
});

test('the knee is known to within a quarter, whatever the machine carries', () => {
  fc.assert(
    fc.property(fc.integer({min: 10, max: 900}), carries => {
      const {held, broke} = kneeOf(ramp(carries));
      expect(held).toBeLessThanOrEqual(carries);
      if (broke) expect(broke.calls).toBeGreaterThan(carries);
      // Close to the next multiple of 5 there is no number between.
      expect((broke?.calls ?? 1_000) / held).toBeLessThanOrEqual(1.26 + 5 / held);
    }),
  );
});

test('a machine that does not carry the first step has no knee', () => {
  expect(kneeOf(ramp(3))).toMatchObject({held: 0, broke: {calls: 10}});
});

test('does not go beyond the most that is asked for', () => {
  expect(ramp(500, 60).map(({calls}) => calls)).toEqual([10, 25, 50, 60]);
});

const process = {
  cpuMs: 5,
  idleMs: 40,
  threadBusy: 0.5,
  peakBytes: 0,
  heldBytes: 0,
  leftBytes: 0,
  longestPause: 3,
  pausedMs: 1,
};
const well: Measurement = {
  calls: 50,
  seconds: 15,
  up: percentiles([1, 2, 12]),
  down: percentiles([1, 2, 12]),
  reaction: percentiles([1, 2, 12]),
  webhook: percentiles([5]),
  setUp: percentiles([50]),
  frames: {sent: 37_500, lost: 0, twice: 0},
  turns: 200,
  refused: 0,
  dropped: 0,
  processes: {worker: process, edge: process},
  machine: {cores: 2, busy: 0.6, bridge: 0.4, load: 0.1, others: 0.05, stolen: 0, late: 1},
};
const bounds = {oneWay: 50, reaction: 80};

test('nothing is beyond its bound while all is well', () => {
  expect(beyond(well, bounds)).toEqual([]);
});

test.each<[string, Partial<Measurement>, string[]]>([
  ['a slow way to the model', {up: percentiles([1, 2, 80])}, ['up p99 80 ms']],
  ['slow reactions', {reaction: percentiles([90])}, ['reaction p99 90 ms']],
  ['callers without a line', {refused: 2}, ['2 calls refused']],
  ['lost frames', {frames: {sent: 37_500, lost: 60, twice: 0}}, ['60 frames lost']],
  ['a full thread', {processes: {worker: {...process, threadBusy: 0.97}}}, ['worker full']],
  ['a full machine', {machine: {...well.machine, busy: 0.99}}, ['machine full']],
])('%s is named', (_, worse, named) => {
  expect(beyond({...well, ...worse}, bounds)).toEqual(named);
});

test('a machine that other work keeps busy is judged by the latencies alone', () => {
  expect(beyond({...well, machine: {...well.machine, busy: 0.99, others: 0.4}}, bounds)).toEqual([]);
});

test('a bridge that never clears has no reaction to judge', () => {
  expect(beyond({...well, reaction: percentiles([])}, bounds)).toEqual([]);
});
