import {describe, expect, test} from 'vitest';
import {AnswerDeadline} from './answer-deadline.ts';

/** Every step that is taken while a caller waits from 0 on, and when. */
function stepsOf(watch: AnswerDeadline, until: number): [number, string][] {
  const steps: [number, string][] = [];
  for (let at = 0; at <= until; at += 100) {
    watch.waits(at, 0);
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
