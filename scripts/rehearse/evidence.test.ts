import {expect, test} from 'vitest';
import {taggedAudio} from '../../simulators/openai/src/audio/tagged-audio.ts';
import type {CallReport, StreamReport} from '../../simulators/twilio/src/report/call-report.ts';
import {evidenceOf, type SeenSession} from './evidence.ts';

const stream = {segments: [], clears: [], marks: []} as unknown as StreamReport;
const report = {
  callSid: 'CA1',
  startedAt: 0,
  endedAt: 9_000,
  endedBy: 'platform',
  spoke: [],
  saidByTwilio: [],
  people: [],
  violations: [],
  streams: [stream],
} as unknown as CallReport;
const item = (wire: object, rest: object = {}) =>
  ({
    type: 'message',
    tag: undefined,
    text: '',
    generatedMs: 0,
    toWire: () => wire,
    ...rest,
  }) as SeenSession['items'][number];
const heardOf = (played: Buffer, items: readonly SeenSession['items'][number][]) =>
  evidenceOf({...report, streams: [{...stream, played}]}, {sessions: [{items, refusals: []}]}).heard;

test('of a sentence that was cut off, only the words that were played were heard', () => {
  const told = item({}, {tag: 3, text: 'one two three four', generatedMs: 400});
  expect(heardOf(taggedAudio(3, 400), [told])).toBe('one two three four');
  expect(heardOf(taggedAudio(3, 400).subarray(0, 210 * 8), [told])).toBe('one two');
  expect(heardOf(Buffer.alloc(800, 0xff), [told])).toBe('');
});

test('a sentence that was said from two sessions is heard once, each part from its own', () => {
  const first = item({}, {tag: 1, text: 'one two three four', generatedMs: 400});
  const second = item({}, {tag: 2, text: 'three four', generatedMs: 200});
  expect(heardOf(Buffer.concat([taggedAudio(1, 400).subarray(0, 200 * 8), taggedAudio(2, 200)]), [first, second])).toBe(
    'one two three four',
  );
});

test('a tool call that a successor was told about is one call, with the result that either of them has', () => {
  const call = item({type: 'function_call', call_id: 'a', name: 'book', arguments: '{"people": 4}'});
  const result = item({type: 'function_call_output', call_id: 'a', output: 'Booked'});
  const sessions = [
    {items: [call], refusals: []},
    {items: [call, result], refusals: []},
  ];
  const {tools, endedBy} = evidenceOf({...report, streams: []}, {sessions});
  expect(tools).toEqual([{name: 'book', args: {people: 4}, result: 'Booked'}]);
  expect(endedBy).toBe('assistant');
});
