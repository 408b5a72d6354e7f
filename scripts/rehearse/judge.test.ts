import {expect, test} from 'vitest';
import type {Evidence} from './evidence.ts';
import {readRehearsal, type CallFile} from './call-file.ts';
import {judge, percentile95} from './judge.ts';

const evidence: Evidence = {
  endedBy: 'caller',
  heard: 'Good day! A table is free at half past eight.',
  tools: [{name: 'book', args: {people: 4, who: {name: 'Larsen'}, days: ['Sat']}, result: 'Booked: 4 people'}],
  transfers: [{to: '+4722000009', outcome: 'busy'}],
  turnGapsMs: [900, 1_400],
  firstWordMs: 500,
  lastedMs: 12_000,
  interruptions: 0,
  faults: [],
};
const failures = (expects: CallFile['expects'], seen: Partial<Evidence> = {}) => {
  const read = readRehearsal({caller: [{hangsUp: true}], expects});
  if (!read.ok) throw new Error(read.problems.join('; '));
  return judge(read.rehearsal.expects, {...evidence, ...seen});
};

test('a call that is as expected has no failures', () => {
  const expects = {
    tool: {book: {people: 4, who: {name: 'Larsen'}, days: ['Sat']}, cancel: false},
    result: {book: 'booked'},
    heard: ['/half past/', 'good day'],
    transferred: {to: '+4722000009', outcome: 'busy'},
    turnGapP95Ms: 1_500,
    endedBy: 'caller',
  } satisfies CallFile['expects'];
  expect(failures(expects)).toEqual([]);
});

test('a tool that was called with other arguments, or not at all, is told with what came', () => {
  expect(failures({tool: {book: {people: 5}}})).toEqual([
    {
      expected: 'a call of book with {"people":5}, and its result',
      came: 'book {"people":4,"who":{"name":"Larsen"},"days":["Sat"]} → Booked: 4 people',
    },
  ]);
  expect(failures({tool: {cancel: true}}, {tools: []})[0]?.came).toBe('no tool was called');
  expect(failures({tool: {book: false}})).toHaveLength(1);
});

test('a transfer has no result where a person took the caller, and needs one where nobody did', () => {
  const tools = [{name: 'to_waiter', args: {}, result: undefined}];
  const ended = (outcome: string) =>
    failures({tool: {to_waiter: true}}, {tools, transfers: [{to: '+4722000009', outcome}]});
  expect(ended('accepted')).toEqual([]);
  expect(ended('busy')).toHaveLength(1);
});

test('a tool whose result never came was not called', () => {
  const tools = [{name: 'book', args: {people: 4}, result: undefined}];
  expect(failures({tool: {book: {people: 4}}}, {tools})).toHaveLength(1);
});

test('words that were not heard, answers that were late, and another end are failures', () => {
  expect(failures({heard: 'nine'}, {heard: ''})).toEqual([{expected: 'the caller hears /nine/i', came: 'silence'}]);
  expect(failures({turnGapP95Ms: 1_000})[0]?.came).toBe('1400 ms, of 2 answers');
  expect(failures({turnGapP95Ms: 1_000}, {turnGapsMs: []})[0]?.came).toBe('no answer at all');
  expect(failures({endedBy: 'assistant'})[0]).toEqual({
    expected: 'the assistant ends the call',
    came: 'the caller ended it',
  });
});

test('a caller who was sent to somebody else, or of whom something else came, is told', () => {
  expect(failures({transferred: {to: '+4722000009', outcome: 'accepted'}})).toEqual([
    {expected: 'the caller is sent to +4722000009: accepted', came: '+4722000009: busy'},
  ]);
  expect(failures({transferred: [{to: '+4722000009'}, {to: 'sip:desk@example.com'}]})).toHaveLength(1);
  expect(failures({transferred: {to: '+4722000009'}}, {transfers: []})[0]?.came).toBe('no telephone rang');
});

test('what a peer would refuse is a failure even if nothing is expected', () => {
  expect(failures({}, {faults: ['Twilio would complain']})).toHaveLength(1);
});

test('of a hundred answers, five may be slower', () => {
  expect(percentile95(Array.from({length: 100}, (_, index) => 100 - index))).toBe(95);
  expect(percentile95([])).toBeUndefined();
});
