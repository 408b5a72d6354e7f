import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {LostCause} from '../model/model-adapter.ts';
import {ModelHealth, type ModelSign} from './model-health.ts';

const failed = (cause: LostCause = 'unreachable'): ModelSign => ({type: 'failed', cause});
const opened: ModelSign = {type: 'opened'};

/** Passes time until `until`, and tells the outcome of each try at once. Returns when tries were made. */
function tryUntil(health: ModelHealth, until: number, outcome: ModelSign): number[] {
  const tries: number[] = [];
  for (;;) {
    const at = health.deadline;
    if (at === undefined || at > until) return tries;
    if (!health.due(at)) throw new Error('a try that is due is not made');
    tries.push(at);
    health.on(outcome, at);
    if (tries.length > 1_000) throw new Error('tries without end');
  }
}

describe('a worker', () => {
  test('that fails to open one session tries at once, and is well if that opens', () => {
    const health = new ModelHealth();
    health.on(failed(), 1_000);
    expect(health.trouble).toBeUndefined();
    expect(tryUntil(health, 60_000, opened)).toEqual([1_000]);
    expect(health.trouble).toBeUndefined();
    expect(health.hasWorked).toBe(true);
  });

  test('that fails twice in a row cannot use the model, says why, and tries ever more slowly', () => {
    const health = new ModelHealth();
    health.on(failed('refused'), 0);
    expect(tryUntil(health, 20_000, failed('refused'))).toEqual([0, 1_000, 3_000, 8_000, 13_000, 18_000]);
    expect(health.trouble).toBe('refused');
    expect(health.hasWorked).toBe(false);
  });

  test('without quota is not believed to be well because a session opens, for ten seconds', () => {
    const health = new ModelHealth();
    health.on(opened, 0);
    health.on(failed('quota'), 1_000);
    expect(health.trouble).toBe('quota');
    expect(tryUntil(health, 10_999, opened)).toEqual([2_000]);
    expect(health.trouble).toBe('quota');
    expect(tryUntil(health, 60_000, opened)).toEqual([11_000]);
    expect(health.trouble).toBeUndefined();
  });

  test('whose session gives a whole answer is well, whatever was before', () => {
    const health = new ModelHealth();
    health.on(failed('quota'), 0);
    health.on({type: 'answered'}, 100);
    expect(health.trouble).toBeUndefined();
    expect(health.deadline).toBeUndefined();
  });

  test('whose sessions are late twice in a row is slow', () => {
    const health = new ModelHealth();
    health.on({type: 'late'}, 3_000);
    tryUntil(health, 3_000, {type: 'late'});
    expect(health.trouble).toBe('slow');
  });
});

describe('whatever happens to the sessions of a worker', () => {
  const causes: readonly LostCause[] = ['closed', 'expired', 'unreachable', 'refused', 'quota', 'misconfigured'];
  const sign = fc.oneof(
    fc.constantFrom<ModelSign>(opened, {type: 'answered'}, {type: 'late'}),
    fc.constantFrom(...causes).map(failed),
  );
  const story = fc.array(fc.record({sign, after: fc.integer({min: 0, max: 4_000})}), {maxLength: 60});

  test('it is never sick without a failure after its last answer, and a sick or doubtful one tries again within ten seconds', () => {
    fc.assert(
      fc.property(story, events => {
        const health = new ModelHealth();
        let at = 0;
        let failures = 0;
        for (const event of events) {
          at += event.after;
          health.due(at);
          health.on(event.sign, at);
          if (event.sign.type === 'answered') failures = 0;
          else if (event.sign.type !== 'opened') failures += 1;
          if (health.trouble !== undefined) expect(failures).toBeGreaterThan(0);
          if (health.trouble !== undefined) expect(health.deadline).toBeLessThanOrEqual(at + 10_000);
        }
      }),
    );
  });

  test('it is well within ten seconds and a few tries after the model has come back', () => {
    fc.assert(
      fc.property(story, events => {
        const health = new ModelHealth();
        let at = 0;
        for (const event of events) {
          at += event.after;
          health.due(at);
          health.on(event.sign, at);
        }
        const tries = tryUntil(health, at + 11_000, opened);
        expect(tries.length).toBeLessThanOrEqual(3);
        expect(health.trouble).toBeUndefined();
      }),
    );
  });

  test('while the model is away it tries at most fifteen times a minute, however many callers fail', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({min: 1, max: 500}), {minLength: 50, maxLength: 300}), pauses => {
        const health = new ModelHealth();
        let at = 0;
        let tries = 0;
        for (const pause of pauses) {
          at += pause;
          if (health.due(at)) tries += 1;
          health.on(failed(), at);
        }
        expect(tries).toBeLessThanOrEqual(4 + at / 4_000);
      }),
    );
  });
});
