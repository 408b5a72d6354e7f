import {describe, expect, test} from 'vitest';
import type {CallEffect} from '../events/call-effect.ts';
import {FailoverLog} from './failover-log.ts';

const BEGAN = 1_000;
const start = (taken?: ConstructorParameters<typeof FailoverLog>[3]) =>
  new FailoverLog(at => at - BEGAN, 'worker-b', 2, taken);
const told = (effects: readonly CallEffect[]) =>
  effects.flatMap(effect => (effect.do === 'journal' && effect.fact.is === 'failover' ? [effect.fact.failover] : []));

describe('FailoverLog', () => {
  test('a call that kept its worker, stream and model has no failovers', () => {
    const failovers = start();
    const effects = [...failovers.modelReady(1_100), ...failovers.streamBegan('edge-a', 1_200, 5, undefined)];
    failovers.streamEnded(false, 9_000);
    expect(told([...effects, ...failovers.unfinished(9_020)])).toEqual([]);
  });

  test('the gap of a lost worker runs from its last sign of life until the new owner has stream and model', () => {
    const failovers = start({kind: 'worker-lost', from: 'worker-a'});
    expect(told(failovers.streamBegan('edge-a', 5_000, 3_000, 300))).toEqual([]);
    expect(told(failovers.modelReady(5_040))).toEqual([
      {failover: 2, kind: 'worker-lost', at: 3_700, gapMs: 340, from: 'worker-a', to: 'worker-b'},
    ]);
    expect(told(failovers.unfinished(6_000))).toEqual([]);
  });

  test('a handover of a drained worker is recorded with its short gap', () => {
    const failovers = start({kind: 'worker-drained', from: 'worker-a'});
    failovers.modelReady(4_990);
    expect(told(failovers.streamBegan('edge-a', 5_000, 3_000, 12))).toMatchObject([
      {kind: 'worker-drained', gapMs: 12},
    ]);
  });

  test('a gap that could not be measured is recorded as null', () => {
    const failovers = start({kind: 'worker-lost', from: 'worker-a'});
    failovers.modelReady(4_990);
    expect(told(failovers.streamBegan('edge-b', 5_000, 20, undefined))).toMatchObject([{gapMs: null}]);
    const never = start({kind: 'worker-lost', from: null});
    expect(told(never.unfinished(6_000))).toMatchObject([{kind: 'worker-lost', gapMs: null, at: 5_000, from: null}]);
  });

  test('the gap of a lost stream runs from its last frame until the next stream begins', () => {
    const failovers = start();
    failovers.modelReady(1_100);
    failovers.streamBegan('edge-a', 1_200, 5, undefined);
    failovers.streamEnded(false, 4_000);
    failovers.streamEnded(true, 4_100); // and once more, when the next stream replaces it
    expect(told(failovers.streamBegan('edge-b', 4_250, 30, undefined))).toEqual([
      {failover: 2, kind: 'edge-lost', at: 3_000, gapMs: 220, from: 'edge-a', to: 'edge-b'},
    ]);
  });

  test('an edge that drained is recorded differently from one that died', () => {
    const failovers = start();
    failovers.modelReady(1_100);
    failovers.streamBegan('edge-a', 1_200, 5, undefined);
    failovers.streamEnded(true, 4_000);
    expect(told(failovers.streamBegan('edge-b', 4_200, 0, undefined))).toMatchObject([{kind: 'edge-drained'}]);
  });

  test('lost and rotated model sessions are recorded, failed attempts before the first session are not', () => {
    const failovers = start();
    failovers.modelLost(1_010);
    expect(told(failovers.modelReady(1_500))).toEqual([]);
    failovers.modelLost(3_000);
    failovers.modelLost(3_100);
    expect(told(failovers.modelReady(3_400))).toMatchObject([{kind: 'model-lost', at: 2_000, gapMs: 400}]);
    expect(told(failovers.modelRotated(9_000))).toMatchObject([{failover: 3, kind: 'model-rotated', gapMs: 0}]);
    failovers.modelLost(9_500);
    expect(told(failovers.modelRotated(9_500))).toMatchObject([{kind: 'model-lost', gapMs: 0}]);
    failovers.modelLost(9_900);
    expect(told(failovers.unfinished(9_950))).toMatchObject([{kind: 'model-lost', gapMs: null}]);
  });
});
