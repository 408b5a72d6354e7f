import {describe, expect, test} from 'vitest';
import type {Fact} from './call-effect.ts';
import {restoreCall} from './call-restore.ts';
import type {JournalEntry} from './journal-entry.ts';

const words = 'We are open from nine to five on all days but Sunday, and until eight on Thursdays.';

/** A journal whose entries were written at these moments. */
function journal(...facts: readonly (readonly [wall: number, fact: Fact])[]): JournalEntry[] {
  return facts.map(([wall, fact]) => ({...fact, wall}));
}
const answer = [
  [0, {is: 'item', item: {kind: 'assistant', id: 'a', text: ''}}],
  [0, {is: 'said', id: 'a', from: 0, ms: 2_000}],
  [500, {is: 'said', id: 'a', from: 2_000, ms: 5_000}],
  [550, {is: 'words', id: 'a', text: words}],
  [600, {is: 'complete', id: 'a'}],
] as const satisfies (readonly [number, Fact])[];
const heardOf = (entries: readonly JournalEntry[]) => restoreCall(entries, 10_000).conversation.heardText('a');

describe('a caller interrupts, and the worker dies before it knows where that was', () => {
  const restored = restoreCall(journal(...answer, [2_500, {is: 'hushed'}]), 10_000);

  test('the next one knows that the rest was not heard', () => {
    const heard = restored.conversation.heardText('a');
    expect(words.startsWith(heard.slice(0, 20))).toBe(true);
    expect(heard.length / words.length).toBeCloseTo(0.5, 1);
  });

  test('and does not take what Twilio dropped for something that is still to be heard', () => {
    expect(restored.said).toEqual([]);
    expect(restored.cutOffItem).toBeUndefined();
  });

  test('what had been heard to the end stays whole', () => {
    expect(heardOf(journal(...answer, [5_100, {is: 'hushed'}]))).toBe(words);
  });
});

test('where the interruption was settled, what was written counts', () => {
  const cut = {is: 'cut', id: 'a', heardMs: 1_000, totalMs: 5_000} as const;
  const settled = heardOf(journal(...answer, [2_500, {is: 'hushed'}], [2_600, cut]));
  expect(settled.length / words.length).toBeCloseTo(0.2, 1);
});

test('a noise that stopped the assistant for a moment took nothing away', () => {
  const noise = journal(...answer, [2_500, {is: 'hushed'}], [3_000, {is: 'said', id: 'a', from: 2_500, ms: 5_000}]);
  expect(heardOf(noise)).toBe(words);
  expect(restoreCall(noise, 10_000).said).toEqual([{itemId: 'a', itemFrom: 2_500, ms: 2_500, agoMs: 7_000}]);
});
