import {describe, expect, test} from 'vitest';
import {readClip} from '../../simulators/audio/clips.ts';
import type {SessionSummary} from '../../simulators/openai/src/session/session-summary.ts';
import type {CallReport, StreamReport} from '../../simulators/twilio/src/report/call-report.ts';
import {cast} from './cast.ts';
import {figuresOf, type Evidence} from './figures.ts';

const answer = readClip('assistant-opening-hours');
const next = readClip('assistant-sunday');
const sentAudio = Buffer.alloc(160 * 50, 0x5a);

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
  const item = {
    text: 'On Saturdays we are open from nine in the morning until six in the evening.',
    generatedMs: 3_717,
    rememberedMs: 1_004,
    truncatedAtMs: 1_004,
  };
  return {
    who: cast[1]!,
    report: report as unknown as CallReport,
    session: {items: [item], refusals: []} as unknown as SessionSummary,
    heard: sentAudio.subarray(0, 160 * 48),
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
    expect(figuresOf(evidence({heard})).inOrder).toBe(false);
  });

  test('are empty for a caller without a model session', () => {
    expect(figuresOf(evidence({session: undefined, heard: Buffer.alloc(0)}))).toMatchObject({cuts: [], inOrder: false});
  });
});
