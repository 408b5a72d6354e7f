import {stripVTControlCharacters} from 'node:util';
import {describe, expect, test} from 'vitest';
import {CallDetail} from '../../services/analytics/src/queries/call-shapes.ts';
import {cast} from './cast.ts';
import type {CallFigures} from './figures.ts';
import {problemsOf, summaryLines} from './summary.ts';
import type {Takeover} from './takeover.ts';

const record = (bargeIns: number) =>
  ({call: {turns: 3, bargeIns, costUsd: null}, turns: [], failovers: []}) as unknown as CallDetail;

const sentence = {stoppedAtMs: 2_870, wentOnAtMs: 2_810, silenceMs: 495, heardAfterMs: 905};
const takeover: Takeover = {
  killed: 'worker-3',
  successor: 'worker-1',
  takenOverMs: 214,
  sentence,
  remembered: 'Your table for four is',
  rest: 'booked for half past seven tonight.',
};

/** A call that went as it should. */
const fine = (index: number): CallFigures => {
  const who = cast[index]!;
  const cut = {generatedMs: 3_717, heardMs: 1_425, rememberedMs: 1_426, silentAfterMs: 90};
  return {
    who,
    carriers: {edge: 'edge-1', workers: ['worker-2']},
    seconds: 20,
    endedBy: who.endedBy,
    reason: 'Hangup',
    firstWordMs: 371,
    answerMs: [980],
    interruptions: who.interrupts,
    cuts: Array.from({length: who.interrupts}, () => cut),
    takeover: who.afterTheKill && takeover,
    framesSent: 1_000,
    framesArrived: 997,
    inOrder: true,
    violations: [],
    refusals: [],
    record: record(who.interrupts),
  };
};
const calls = [fine(0), fine(1), fine(2)];
const withCleo = (change: Partial<Takeover>) => [
  ...calls.slice(0, 2),
  {...fine(2), takeover: {...takeover, ...change}},
];
const withAda = (change: Partial<CallFigures>) => [{...fine(0), ...change}, ...calls.slice(1)];

describe('the demo', () => {
  test('is content with three calls of which one was interrupted', () => {
    expect(problemsOf(calls)).toEqual([]);
  });

  test.each<[string, Partial<CallFigures>, string]>([
    ['that is cut off', {endedBy: 'other', reason: 'Twilio lost the stream'}, 'Twilio lost the stream'],
    ['without a word', {firstWordMs: undefined}, 'heard nothing'],
    ['interrupted by accident', {interruptions: 1}, 'talked over the assistant 1 times'],
    ['with frames in the wrong order', {inOrder: false}, 'byte for byte'],
    ['that loses frames', {framesArrived: 800}, '200 frames never reached the model'],
    ['without a record', {record: undefined}, 'no record'],
    ['whose record is wrong', {record: record(2)}, 'the record counts 2 barge-ins'],
    ['that Twilio would complain about', {violations: ['31951 bad message']}, '31951 bad message'],
    ['in which the model refuses something', {refusals: ['invalid: no']}, 'invalid: no'],
  ])('fails for a call %s', (_, change, said) => {
    expect(problemsOf(withAda(change))).toEqual([expect.stringMatching(new RegExp(`^Ada: .*${said}`))]);
  });

  test.each<[string, Partial<Takeover>, string]>([
    ['whose worker dies and nobody takes over', {successor: undefined}, 'no worker took the call over'],
    ['whose sentence is never finished', {sentence: undefined}, 'did not go on'],
    ['whose sentence begins again', {sentence: {...sentence, wentOnAtMs: 0}}, 'went on somewhere else'],
  ])('fails for a call %s', (_, change, said) => {
    expect(problemsOf(withCleo(change))).toEqual([expect.stringMatching(new RegExp(`^Cleo: .*${said}`))]);
  });

  test('fails if no worker was killed', () => {
    const [problem] = problemsOf([...calls.slice(0, 2), {...fine(2), takeover: undefined}]);
    expect(problem).toContain('no worker was killed');
  });

  test('shows how the sentence of a killed worker went on, in 80 columns', () => {
    const lines = summaryLines(calls, 80).map(line => stripVTControlCharacters(line));
    expect(lines.find(line => line.includes('heard again after'))).toContain('905 ms');
    expect(lines.join(' ')).toContain('“Your table for four is … booked for half past seven tonight.”');
    expect(lines.join(' ')).toContain('60 ms earlier in the sentence');
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(80);
  });

  test('shows what the model remembers beside what was heard, in 80 columns', () => {
    const lines = summaryLines(calls, 80).map(line => stripVTControlCharacters(line));
    expect(lines.find(line => line.includes('difference'))).toContain('+1 ms');
    expect(lines.find(line => line.startsWith('frames arrived'))).toContain('997, in order');
    expect(lines.join(' ')).toContain('up to 3 of 20 ms each, did not reach the model');
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(80);
  });
});
