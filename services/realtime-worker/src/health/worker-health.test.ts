import {MODEL_TROUBLES} from '@voicebridge/shared/observability/metric-labels.ts';
import {REDIS_TROUBLES} from '@voicebridge/shared/redis/redis-trouble.ts';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {judge, MODEL_CURES, type WorkerState} from './worker-health.ts';

const well: WorkerState = {
  isDraining: false,
  isFull: false,
  descriptors: undefined,
  redis: undefined,
  queue: undefined,
  queueHasWorked: true,
  model: undefined,
  modelHasWorked: true,
  othersAreWell: true,
};

const anyState: fc.Arbitrary<WorkerState> = fc.record({
  isDraining: fc.boolean(),
  isFull: fc.boolean(),
  descriptors: fc.constantFrom(undefined, '50 of 60 descriptors are open'),
  redis: fc.constantFrom(undefined, ...REDIS_TROUBLES),
  queue: fc.constantFrom(undefined, ...REDIS_TROUBLES),
  queueHasWorked: fc.boolean(),
  model: fc.constantFrom(undefined, ...MODEL_TROUBLES),
  modelHasWorked: fc.boolean(),
  othersAreWell: fc.boolean(),
});

describe('an operator', () => {
  test('sees that a full worker is ready and takes nothing', () => {
    expect(judge({...well, isFull: true})).toEqual({notTaking: 'full', why: 'every place is taken'});
  });

  test('sees a rolling restart with a wrong key stop at the first worker, whether others are well or not', () => {
    for (const othersAreWell of [true, false])
      expect(judge({...well, model: 'refused', modelHasWorked: false, othersAreWell}).notReady).toBe(
        MODEL_CURES.refused,
      );
  });

  test('sees a worker whose own way to the model is broken as not ready, and calls go to the others', () => {
    expect(judge({...well, model: 'unreachable'})).toMatchObject({
      notReady: MODEL_CURES.unreachable,
      notTaking: 'model',
    });
  });

  test('sees all workers ready while the model is down for everybody: each takes calls, to say so to the callers', () => {
    for (const model of MODEL_TROUBLES) expect(judge({...well, model, othersAreWell: false})).toEqual({});
  });

  test('sees a worker that starts while the model is down for everybody as ready, too', () => {
    expect(judge({...well, model: 'unreachable', modelHasWorked: false, othersAreWell: false})).toEqual({});
  });

  test('sees a worker whose queue never answered as not ready, and as ready once it has, with the queue away or not', () => {
    const starting = judge({...well, queue: 'no-answer', queueHasWorked: false});
    expect(starting.notReady).toBe('QUEUE_REDIS_URL: Redis does not answer');
    expect(starting.notTaking).toBeUndefined();
    expect(judge({...well, queue: 'no-answer'})).toEqual({});
  });
});

describe('in whatever state a worker is', () => {
  test('it takes no calls with a reason in words, or takes them', () => {
    fc.assert(
      fc.property(anyState, state => {
        const {notTaking, why} = judge(state);
        expect(notTaking === undefined).toBe(why === undefined);
      }),
    );
  });

  test('being full never makes it unready, and a fleet that is sick as a whole takes calls', () => {
    fc.assert(
      fc.property(anyState, state => {
        expect(judge({...state, isFull: true}).notReady).toBe(judge({...state, isFull: false}).notReady);
        expect(judge({...state, othersAreWell: false}).notTaking).not.toBe('model');
      }),
    );
  });

  test('it is not made unready by a model that is down for everybody, if it has ever worked', () => {
    fc.assert(
      fc.property(anyState, fc.constantFrom(...MODEL_TROUBLES), (state, model) => {
        const before = judge({...state, model: undefined});
        const after = judge({...state, model, modelHasWorked: true, othersAreWell: false});
        expect(after.notReady).toBe(before.notReady);
      }),
    );
  });
});
