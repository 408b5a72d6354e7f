import {silence} from '@voicebridge/shared/protocol/audio.ts';
import {expect, test} from 'vitest';
import {truncationsOf} from './truncation.ts';

const unheard = (itemId: string, itemFrom: number, ms: number) => ({
  itemId,
  responseId: 'r1',
  itemFrom,
  ms,
  payload: silence(ms),
});
const received = (of: Record<string, number>) => (itemId: string) => of[itemId] ?? 0;
const none: ReadonlySet<string> = new Set();

test('each item is truncated where the caller stopped hearing it, at whole milliseconds', () => {
  const cuts = truncationsOf([unheard('a', 700.625, 300), unheard('b', 0, 500)], none, received({a: 1_000, b: 500}));
  expect(cuts.map(({itemId, audioEndMs}) => [itemId, audioEndMs])).toEqual([
    ['a', 700],
    ['b', 0],
  ]);
});

test('an item that was heard to within 100 ms of its end is not truncated', () => {
  expect(truncationsOf([unheard('a', 905, 95)], none, received({a: 1_000}))).toEqual([]);
});

test('an item of which nothing was heard is truncated at 0, however short it is', () => {
  expect(truncationsOf([unheard('a', 0, 60)], none, received({a: 60}))).toMatchObject([{audioEndMs: 0}]);
});

test('an item that the model still generates is truncated even if all received audio was heard', () => {
  expect(truncationsOf([], new Set(['a']), received({a: 812.5}))).toEqual([
    {itemId: 'a', audioEndMs: 812, receivedMs: 812.5},
  ]);
});

test('an item is never truncated beyond the audio that was received', () => {
  expect(truncationsOf([unheard('a', 400, 10)], new Set(['a']), received({a: 300}))).toMatchObject([{audioEndMs: 300}]);
});
