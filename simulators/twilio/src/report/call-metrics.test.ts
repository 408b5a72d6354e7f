import {expect, test} from 'vitest';
import {callMetrics} from './call-metrics.ts';
import type {CallReport, StreamReport} from './call-report.ts';
import {gapsBetween} from './gaps.ts';

const stream = (facts: Partial<StreamReport>): StreamReport => ({
  streamSid: 'MZ',
  callSid: 'CA',
  url: 'wss://h/p',
  customParameters: {},
  sentAudio: Buffer.alloc(0),
  sentFrames: 0,
  sentBytes: 0,
  played: Buffer.alloc(0),
  playedBytes: 0,
  receivedBytes: 0,
  segments: [],
  underruns: [],
  clears: [],
  marks: [],
  dtmf: [],
  ...facts,
});

const report = (facts: Partial<CallReport>): CallReport => ({
  callSid: 'CA',
  meetings: [],
  from: '',
  to: '',
  clockOrigin: 0,
  startedAt: 0,
  endedAt: 10_000,
  endedBy: 'caller',
  reason: '',
  status: 'completed',
  documents: [],
  streams: [],
  spoke: [],
  saidByTwilio: [],
  handedTo: [],
  keysPlayed: [],
  people: [],
  violations: [],
  alerts: [],
  webhooks: [],
  gaps: [],
  ...facts,
});

test('a caller waits from the last word to the first sound of the answer', () => {
  const spoke = [
    {clip: 'question', startedAt: 1_000, endedAt: 2_000},
    {clip: 'unanswered', startedAt: 5_000, endedAt: 6_000},
  ];
  const streams = [stream({segments: [{at: 2_600, from: 0, to: 8_000}]})];
  expect(callMetrics(report({spoke, streams, firstAudioMs: 600}))).toEqual({
    firstAudioMs: 600,
    answerMs: [600],
    interruptions: [],
  });
});

test('an interruption lasts from the first word to silence, small pauses of the assistant included', () => {
  const spoke = [{clip: 'wait', startedAt: 1_500, endedAt: 2_500}];
  const segments = [
    {at: 1_000, from: 0, to: 4_800},
    {at: 1_620, from: 4_800, to: 6_400},
    {at: 3_000, from: 6_400, to: 8_000},
  ];
  const clears = [
    {at: 900, discardedBytes: 0},
    {at: 1_820, discardedBytes: 100},
  ];
  expect(callMetrics(report({spoke, streams: [stream({segments, clears})]}))).toEqual({
    answerMs: [500],
    interruptions: [{clip: 'wait', silentAfterMs: 320, clearAfterMs: 320}],
  });
});

test('between two streams there is a gap, and what the caller heard of it', () => {
  const first = stream({openedAt: 0, closedAt: 1_000, segments: [{at: 100, from: 0, to: 800}]});
  const second = stream({openedAt: 1_300, closedAt: 5_000, segments: [{at: 1_500, from: 0, to: 800}]});
  const refused = stream({closedAt: 1_100});
  expect(gapsBetween([first, refused, second])).toEqual([
    {closedAt: 1_000, reopenedAt: 1_300, ms: 300, silentMs: 1_300},
  ]);
});

test('a stream that opened before the other closed leaves no gap', () => {
  expect(gapsBetween([stream({openedAt: 0, closedAt: 1_000}), stream({openedAt: 900})])).toEqual([]);
});
