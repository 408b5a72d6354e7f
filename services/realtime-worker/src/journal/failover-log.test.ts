import {describe, expect, test} from 'vitest';
import type {CallEffect} from '../events/call-effect.ts';
import {FailoverLog} from './failover-log.ts';

const BEGAN = 1_000;
const start = (taken?: ConstructorParameters<typeof FailoverLog>[3]) =>
  new FailoverLog(at => at - BEGAN, 'worker-b', 2, taken);
const told = (effects: readonly CallEffect[]) =>
  effects.flatMap(effect => (effect.do === 'journal' && effect.fact.is === 'failover' ? [effect.fact.failover] : []));

describe('an analyst who looks for failovers', () => {
  test('finds none in a call that kept its worker, its stream and its model', () => {
    const failovers = start();
    const effects = [...failovers.modelReady(1_100), ...failovers.streamBegan('edge-a', 1_200, 5, undefined)];
    failovers.phoneActive(9_000);
    failovers.streamEnded(false, 9_010);
    expect(told([...effects, ...failovers.unfinished(9_020)])).toEqual([]);
  });

  test('sees how long nobody heard the caller: from the last sign of life until stream and model are there', () => {
    const failovers = start({kind: 'worker-lost', from: 'worker-a'});
    expect(told(failovers.streamBegan('edge-a', 5_000, 3_000, 300))).toEqual([]);
    expect(told(failovers.modelReady(5_040))).toEqual([
      {failover: 2, kind: 'worker-lost', at: 3_700, gapMs: 340, from: 'worker-a', to: 'worker-b'},
    ]);
    expect(told(failovers.unfinished(6_000))).toEqual([]);
  });

  test('sees a handover that nobody could notice', () => {
    const failovers = start({kind: 'worker-drained', from: 'worker-a'});
    failovers.modelReady(4_990);
    expect(told(failovers.streamBegan('edge-a', 5_000, 3_000, 12))).toMatchObject([
      {kind: 'worker-drained', gapMs: 12},
    ]);
  });

  test('is not told a gap that nobody could measure', () => {
    const failovers = start({kind: 'worker-lost', from: 'worker-a'});
    failovers.modelReady(4_990);
    expect(told(failovers.streamBegan('edge-b', 5_000, 20, undefined))).toMatchObject([{gapMs: null}]);
    const never = start({kind: 'worker-lost', from: null});
    expect(told(never.unfinished(6_000))).toMatchObject([{kind: 'worker-lost', gapMs: null, at: 5_000, from: null}]);
  });

  test('sees how much of the caller is gone with a stream: from the last frame until the next stream begins', () => {
    const failovers = start();
    failovers.modelReady(1_100);
    failovers.streamBegan('edge-a', 1_200, 5, undefined);
    failovers.phoneActive(4_000);
    failovers.streamEnded(false, 4_008);
    failovers.streamEnded(true, 4_100); // and once more, when the next stream replaces it
    expect(told(failovers.streamBegan('edge-b', 4_250, 30, undefined))).toEqual([
      {failover: 2, kind: 'edge-lost', at: 3_000, gapMs: 220, from: 'edge-a', to: 'edge-b'},
    ]);
  });

  test('tells an edge that let its calls go from one that died', () => {
    const failovers = start();
    failovers.modelReady(1_100);
    failovers.streamBegan('edge-a', 1_200, 5, undefined);
    failovers.streamEnded(true, 4_000);
    expect(told(failovers.streamBegan('edge-b', 4_200, 0, undefined))).toMatchObject([{kind: 'edge-drained'}]);
  });

  test('sees a model that was lost and one that was replaced in time, but no attempts before the first', () => {
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
