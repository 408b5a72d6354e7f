import {describe, expect, test} from 'vitest';
import {readClip} from '../../simulators/audio/clips.ts';
import type {SessionSummary} from '../../simulators/openai/src/session/session-summary.ts';
import type {CallReport, StreamReport} from '../../simulators/twilio/src/report/call-report.ts';
import {cast} from './cast.ts';
import {figuresOf, type Evidence, type HeardSession} from './figures.ts';

const answer = readClip('assistant-opening-hours');
const next = readClip('assistant-sunday');
const sentAudio = Buffer.from(Array.from({length: 160 * 50}, (_, at) => Math.floor(at / 160)));
const item = {
  text: 'On Saturdays we are open from nine in the morning until six in the evening.',
  generatedMs: 3_717,
  rememberedMs: 1_004,
  truncatedAtMs: 1_004,
};
const session = (heard: Buffer, items: readonly object[] = [item]): HeardSession => ({
  session: {items, refusals: []} as unknown as SessionSummary,
  heard,
});

/** The caller heard 1000 ms of one answer, interrupted it, and then heard another. */
function evidence(more: Partial<Evidence> = {}): Evidence {
  const stream = {
    sentAudio,
    sentFrames: 50,
    played: Buffer.concat([answer.subarray(0, 8_000), next]),
    segments: [
      {at: 0, from: 0, to: 8_000},
      {at: 3_000, from: 8_000, to: 8_000 + next.length},
    ],
    clears: [{at: 1_000, discardedBytes: answer.length - 8_000}],
  };
  const report = {
    startedAt: 0,
    endedAt: 8_000,
    endedBy: 'caller',
    reason: 'the caller hung up',
    streams: [stream as unknown as StreamReport],
    spoke: [{clip: 'caller-interrupts', startedAt: 900, endedAt: 2_000}],
    alerts: [],
  };
  return {
    who: cast[1]!,
    report: report as unknown as CallReport,
    sessions: [session(sentAudio.subarray(0, 160 * 48))],
    kill: undefined,
    record: undefined,
    carriers: {edge: 'edge-1', workers: ['worker-1']},
    ...more,
  };
}

describe('the figures of a call', () => {
  test('show how much of a truncated answer the phone played, and what the model believes', () => {
    const {cuts, interruptions, answerMs} = figuresOf(evidence());
    expect(cuts).toEqual([{generatedMs: 3_717, heardMs: 1_000, rememberedMs: 1_004, silentAfterMs: 100}]);
    expect(interruptions).toBe(1);
    expect(answerMs).toEqual([1_000]);
  });

  test('show that the audio that arrived is the audio that was sent', () => {
    expect(figuresOf(evidence())).toMatchObject({framesSent: 50, framesArrived: 48, inOrder: true});
  });

  test('show a single wrong byte', () => {
    const heard = Buffer.from(sentAudio);
    heard[4_000] = 0;
    expect(figuresOf(evidence({sessions: [session(heard)]})).inOrder).toBe(false);
  });

  test('are empty for a caller without a model session', () => {
    expect(figuresOf(evidence({sessions: []}))).toMatchObject({cuts: [], inOrder: false});
  });

  test('count what two sessions of a call have got once, where the second one was given some of it again', () => {
    const frames = (from: number, to: number) => session(sentAudio.subarray(160 * from, 160 * to));
    expect(figuresOf(evidence({sessions: [frames(0, 30), frames(20, 49)]}))).toMatchObject({
      framesArrived: 49,
      inOrder: true,
    });
    expect(figuresOf(evidence({sessions: [frames(0, 30), frames(33, 49)]}))).toMatchObject({
      framesArrived: 46,
      inOrder: false,
    });
  });

  test('show how a sentence went on whose worker was killed', () => {
    const text = 'On Saturdays we are open';
    const rest = {role: 'assistant', text: 'from nine', generatedMs: 2_517, truncatedAtMs: null};
    const [stopped, wentOn] = [10_000, 9_600];
    const second = stopped + answer.length - wentOn;
    const stream = {
      sentAudio,
      sentFrames: 50,
      played: Buffer.concat([answer.subarray(0, stopped), answer.subarray(wentOn)]),
      segments: [
        {at: 0, from: 0, to: stopped},
        {at: 1_900, from: stopped, to: second},
      ],
      clears: [],
    };
    const report = {...evidence().report, streams: [stream as unknown as StreamReport]};
    const told = {role: 'assistant', text: `${text} — (interrupted)`, generatedMs: 0, truncatedAtMs: null};
    const {takeover} = figuresOf(
      evidence({
        report,
        sessions: [session(sentAudio, []), session(sentAudio, [told, rest])],
        carriers: {edge: 'edge-1', workers: ['worker-3', 'worker-1']},
        kill: {at: 1_200, worker: 'worker-3', pid: 1, takenOverMs: 200},
      }),
    );
    expect(takeover).toEqual({
      killed: 'worker-3',
      successor: 'worker-1',
      takenOverMs: 200,
      sentence: {stoppedAtMs: 1_250, wentOnAtMs: 1_200, silenceMs: 650, heardAfterMs: 700},
      remembered: text,
      rest: 'from nine',
    });
  });
});
