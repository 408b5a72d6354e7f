import {describe, expect, test} from 'vitest';
import {ModelLifecycle} from './model-lifecycle.ts';

const HOUR = 3_600_000;

describe('a model whose sessions die one after the other', () => {
  test('is given up after seven of them in a row, though each of them began to speak', () => {
    const sessions = new ModelLifecycle(HOUR);
    const steps = Array.from({length: 8}, (_, at) => {
      sessions.ready(at);
      return sessions.lost('closed').do;
    });
    expect(steps).toEqual([...Array.from({length: 7}, () => 'reopen'), 'give-up']);
  });

  test('is given up as soon when a spare took the place of each', () => {
    const sessions = new ModelLifecycle(HOUR);
    const steps = Array.from({length: 8}, (_, at) => {
      sessions.ready(at);
      sessions.spareReady();
      const {do: step} = sessions.lost('closed');
      if (step === 'useSpare') sessions.spareUsed(at);
      return step;
    });
    expect(steps).toEqual([...Array.from({length: 7}, () => 'useSpare'), 'give-up']);
  });

  test('has all its tries again after an answer that was said to its end', () => {
    const sessions = new ModelLifecycle(HOUR);
    for (let at = 0; at < 5; at += 1) sessions.lost('closed');
    sessions.works();
    expect(sessions.lost('closed')).toEqual({do: 'reopen', after: 0});
  });
});
