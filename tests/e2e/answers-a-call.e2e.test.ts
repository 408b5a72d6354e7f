import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {readTagRuns} from '../../simulators/openai/src/audio/tagged-audio.ts';
import {type Bridge, openBridge} from './bridge.ts';

test('a caller who says nothing is asked whether they are still there, twice, each time when the last word was heard, and then the assistant says goodbye', async ({
  expect,
}) => {
  await using bridge = await openBridge({
    env: {IDLE_PROMPT_SECONDS: '1', GREETING_PROTECTED_MS: '0'},
    openai: {knobs: {tagged: true, firstDeltaMs: [50, 50]}, script: [[{say: {text: 'Are you there?', audioMs: 800}}]]},
  });
  const report = await bridge.twilio.dial([{do: 'pause', ms: 60_000}, {do: 'hangUp'}]).ended;
  const [session] = bridge.openai.sessions;
  expect(session?.responses.map(({metadata}) => metadata?.['tag'])).toEqual([
    'greeting-1',
    'idle-2',
    'idle-3',
    'farewell-4',
  ]);
  expect(report.endedBy).toBe('platform');
  expect(session?.refusals).toEqual([]);
  const [stream] = report.streams;
  const said: {at: number; until: number}[] = [];
  for (const {at, from, to} of stream?.segments ?? []) {
    const until = at + (to - from) / 8;
    const last = said.at(-1);
    // A sentence of which the rest came late, as on a busy machine, is one sentence.
    if (last && at - last.until < 500) last.until = until;
    else said.push({at, until});
  }
  expect(said).toHaveLength(4);
  for (const [index, {at}] of said.slice(1).entries()) {
    const silence = at - (said[index]?.until ?? 0);
    expect(silence).toBeGreaterThan(1_000);
    expect(silence).toBeLessThan(5_000);
  }
});

test('with BARGE_IN=resume a cough costs no word: the reply stops, goes on where it was heard, and is heard exactly once', async ({
  expect,
}) => {
  await using bridge = await openBridge({
    env: {BARGE_IN: 'resume', GREETING: 'off'},
    openai: {knobs: {tagged: true}, script: [[{say: {text: 'We are open from nine to five.', audioMs: 4_000}}]]},
  });
  const loud = (ms: number) => Buffer.from(Array.from({length: ms * 8}, (_, at) => (at % 16 < 8 ? 0x10 : 0x90)));
  const report = await bridge.twilio.dial([
    {do: 'pause', ms: 500},
    {do: 'say', audio: loud(600)},
    {do: 'waitForAssistant', speakingFor: 1_000},
    {do: 'say', audio: loud(150)},
    {do: 'waitForSilence', ms: 1_500},
    {do: 'hangUp'},
  ]).ended;
  const [stream] = report.streams;
  expect(stream?.clears).toHaveLength(1);
  // Stopped and resumed: a cut between two bytes, and at most what one clear cannot know of the network.
  const runs = readTagRuns(stream?.played ?? Buffer.alloc(0));
  expect(runs[0]?.fromMs).toBe(0);
  expect(runs.at(-1)?.toMs).toBe(4_000);
  for (const [index, {fromMs}] of runs.slice(1).entries())
    expect(Math.abs(fromMs - runs[index]!.toMs)).toBeLessThan(60 + bridge.twilio.lag.p99);
  const [session] = bridge.openai.sessions;
  expect(session?.responses).toHaveLength(1);
  expect(session?.refusals).toEqual([]);
});

test('a model that knows linear audio only hears all of a caller, and its answers last as long on the telephone as it made them', async ({
  expect,
}) => {
  await using bridge = await openBridge({
    env: {OPENAI_AUDIO: 'pcm', GREETING: 'off'},
    openai: {script: [[{say: {text: 'We are open from nine to five.', audioMs: 2_000}}]]},
  });
  const report = await bridge.twilio.dial([
    {do: 'pause', ms: 500},
    {do: 'say', clip: 'caller-opening-hours'},
    {do: 'waitForSilence', ms: 700},
    {do: 'hangUp'},
  ]).ended;
  expect(report).toMatchObject({endedBy: 'caller', violations: []});
  const [session] = bridge.openai.sessions;
  expect(session?.refusals).toEqual([]);
  expect(session?.items.map(({role}) => role)).toEqual(['user', 'assistant']);
  const played = report.streams.flatMap(({segments}) => segments).reduce((sum, {from, to}) => sum + (to - from) / 8, 0);
  expect(played).toBe(2_000);
  // A second of linear audio is six times as much as one of the telephone's.
  const [stream] = report.streams;
  const spokenMs = report.endedAt - (stream?.openedAt ?? 0);
  expect((session?.heardBytes ?? 0) / 48).toBeGreaterThan(spokenMs - 1_000);
});

describe('a caller who dials the number', () => {
  let bridge: Bridge;
  beforeEach(async () => {
    bridge = await openBridge({
      edges: 2,
      workers: 2,
      logLevel: process.env['E2E_LOG'] ?? 'silent',
    });
  });
  afterEach(async () => {
    await bridge[Symbol.asyncDispose]();
  });

  test('is greeted, is answered, interrupts and hears silence, and hangs up', async () => {
    const call = bridge.twilio.dial([
      {do: 'waitForSilence', ms: 400},
      {do: 'say', clip: 'caller-opening-hours'},
      {do: 'interruptAfter', ms: 1_200, clip: 'caller-interrupts'},
      {do: 'waitForSilence', ms: 500},
      {do: 'hangUp'},
    ]);
    const report = await call.ended;
    expect(report.violations).toEqual([]);
    expect(report.endedBy).toBe('caller');
    const [session] = bridge.openai.sessions;
    expect(session?.refusals).toEqual([]);
    expect(report.streams).toHaveLength(1);
    const [stream] = report.streams;
    expect(stream?.clears.length).toBeGreaterThan(0);
    // Every byte the caller sent was heard by the model, once and in order.
    const heard = session!.heardAudio();
    expect(heard.equals(stream!.sentAudio.subarray(0, heard.length))).toBe(true);
    expect(stream!.sentAudio.length - heard.length).toBeLessThan(8 * 200);
  });
});
