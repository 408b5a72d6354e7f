import {describe, expect, test} from 'vitest';
import {AnswerDeadline} from './answer-deadline.ts';

/** Every step that is taken while a caller waits from 0 on, and when. */
function stepsOf(watch: AnswerDeadline, until: number): [number, string][] {
  const steps: [number, string][] = [];
  for (let at = 0; at <= until; at += 100) {
    watch.waits(at, Number.NEGATIVE_INFINITY);
    const step = watch.due(at);
    if (step) steps.push([at, step]);
  }
  return steps;
}

describe('a caller who waits for an answer', () => {
  test('gets one from a second request, another session, or hears why not, within six seconds', () => {
    expect(stepsOf(new AnswerDeadline(6_000), 20_000)).toEqual([
      [3_000, 'ask-again'],
      [4_200, 'new-session'],
      [6_000, 'give-up'],
    ]);
  });

  test('is not helped before the time that the model named, and gives up waiting as early as always', () => {
    const soon = new AnswerDeadline(6_000);
    soon.holdUntil(4_800);
    expect(stepsOf(soon, 20_000)).toEqual([
      [4_800, 'ask-again'],
      [4_800 + 100, 'new-session'],
      [6_000, 'give-up'],
    ]);
    const never = new AnswerDeadline(6_000);
    never.holdUntil(9_000);
    expect(stepsOf(never, 20_000)).toEqual([[6_000, 'give-up']]);
  });
});

describe('a caller who has waited for an owner of the call that died', () => {
  /** The steps of the next owner, who takes over at 0; its session is configured at `opened`. */
  function taken({waited, lost = -300, opened}: {waited: number; lost?: number; opened?: number}): [number, string][] {
    const watch = new AnswerDeadline(6_000);
    watch.takenOver(-waited, lost, 0);
    watch.waits(0, Number.NEGATIVE_INFINITY);
    if (opened !== undefined) watch.sessionOpened(opened);
    return stepsOf(watch, 20_000);
  }

  test('waits no longer in all than for one owner', () => {
    expect(taken({waited: 4_000, opened: 400})).toEqual([[2_000, 'give-up']]);
    expect(taken({waited: 1_000, opened: 400})).toEqual([
      [2_000, 'ask-again'],
      [3_200, 'new-session'],
      [5_000, 'give-up'],
    ]);
  });

  test('does not hear that it is over before the new session had the time of a first sound', () => {
    expect(taken({waited: 5_900, opened: 700})).toEqual([[2_200, 'give-up']]);
    expect(taken({waited: 12_000, lost: -8_000, opened: 700})).toEqual([[2_200, 'give-up']]);
    expect(taken({waited: 5_900})).toEqual([[3_000, 'give-up']]);
  });

  test('is not asked for again before the new session had that time', () => {
    expect(taken({waited: 2_500, opened: 300})[0]).toEqual([1_800, 'ask-again']);
  });

  test('and to whose last words there was no answer to come is not given up for them', () => {
    expect(taken({waited: 60_000, opened: 400})).toEqual(stepsOf(new AnswerDeadline(6_000), 20_000));
  });

  test('has all the time from the end of what their phone still plays', () => {
    expect(taken({waited: -4_000, opened: 400})[0]).toEqual([7_000, 'ask-again']);
  });

  test('has an answer that failed at once asked for again', () => {
    const watch = new AnswerDeadline(6_000);
    watch.takenOver(-4_000, -300, 0);
    watch.waits(0, Number.NEGATIVE_INFINITY);
    expect([watch.next(), watch.next(), watch.next()]).toEqual(['ask-again', 'new-session', 'give-up']);
  });

  test('and who now hears something has the next wait counted by itself', () => {
    const watch = new AnswerDeadline(6_000);
    watch.takenOver(-4_000, -300, 0);
    watch.waits(0, Number.NEGATIVE_INFINITY);
    watch.sessionOpened(400);
    watch.audible();
    watch.answered();
    watch.waits(undefined, 0);
    watch.waits(1_000, 0);
    expect(watch.deadline).toBe(4_000);
  });
});
