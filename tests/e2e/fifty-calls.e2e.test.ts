import {setTimeout as pause} from 'node:timers/promises';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {haveEnded} from '../../tools/harness/callers.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {SessionSummary} from '../../simulators/openai/src/session/session-summary.ts';
import {readTagRuns} from '../../simulators/openai/src/audio/tagged-audio.ts';
import type {CallReport, StreamReport} from '../../simulators/twilio/src/report/call-report.ts';
import type {CallerScript, FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';
import {readFrameTag} from '../../simulators/twilio/src/phone/frame-tag.ts';

const CALLS = 50;
const SECONDS = 40;

/** Asks, listens to the whole answer, asks again, and hangs up when the time is over. */
const talkative: CallerScript = [
  ...Array.from({length: 8}, () => [
    {do: 'waitForSilence', ms: 300} as const,
    {do: 'say', clip: 'caller-yes'} as const,
  ]).flat(),
  {do: 'pause', ms: SECONDS * 1_000},
];

describe(`${CALLS} callers at once, for ${SECONDS} s`, () => {
  let fleet: ProcessFleet;
  let reports: CallReport[];
  beforeAll(async () => {
    await callAll();
    // The machine stood still, and a living worker was called dead: that is a subject of other tests. Once more, once.
    if (!warningsOf(fleet).includes('peer is dead')) return;
    process.stderr.write(`repeated, since a worker without processor time was called dead: ${warningsOf(fleet)}\n`);
    await fleet[Symbol.asyncDispose]();
    await callAll();
  }, 480_000); // twice all of these calls

  async function callAll(): Promise<void> {
    fleet = await ProcessFleet.start({edges: 2, workers: 2, model: {MODEL_TAGGED: 'on'}});
    // Within five seconds. In the same millisecond, all would speak in step, and two cores cannot follow that: a worker
    // without processor time for a quarter of a second counts as hung, and its calls move.
    const calls: FakeCall[] = [];
    for (let tag = 0; tag < CALLS; tag += 1) {
      calls.push(fleet.twilio.dial(talkative, {tag}));
      await pause(100);
    }
    const hangUp = setTimeout(() => calls.forEach(call => call.hangUp()), SECONDS * 1_000);
    reports = await haveEnded(calls, 2 * SECONDS * 1_000);
    clearTimeout(hangUp);
  }
  afterAll(() => fleet?.[Symbol.asyncDispose]());

  test('are all served to the end, on one stream each, without a violation of the protocol', () => {
    expect(reports.flatMap(report => report.violations)).toEqual([]);
    expect(new Set(reports.map(report => report.endedBy))).toEqual(new Set(['caller']));
    expect(reports.map(report => report.streams.length)).toEqual(reports.map(() => 1));
  });

  test('are heard by the model: every frame once, in order, and of one caller only', async ({skip}) => {
    skip(haveMoved(fleet), HAVE_MOVED);
    const sessions = await sessionsInUse(fleet);
    expect(sessions, `one session a call; the processes warn of: ${warningsOf(fleet)}`).toHaveLength(CALLS);
    const seen = new Set<number>();
    for (const session of sessions) {
      const heard = await fleet.heardBy(session.id);
      const tag = readFrameTag(heard)?.tag;
      const stream = streamOf(reports.find(report => report.tag === tag));
      seen.add(tag!);
      expect(heard.equals(stream.sentAudio.subarray(0, heard.length))).toBe(true);
      // Frames that the model did not get were sent while the call ended.
      expect(stream.sentAudio.length - heard.length).toBeLessThan(8 * 500);
    }
    expect(seen.size).toBe(CALLS);
  });

  test('hear the assistant: every byte once, in order, as far as it was played', async ({skip}) => {
    skip(haveMoved(fleet), HAVE_MOVED);
    const sessions = await sessionsInUse(fleet);
    let items = 0;
    for (const session of sessions) {
      expect(session.refusals).toEqual([]);
      const tag = readFrameTag(await fleet.heardBy(session.id))?.tag;
      const {played, clears} = streamOf(reports.find(report => report.tag === tag));
      const spoken = session.items.filter(item => item.generatedMs > 0 && item.role === 'assistant');
      const runs = readTagRuns(played);
      expect(runs.map(run => run.item)).toEqual(spoken.slice(0, runs.length).map(item => item.tag));
      expect(runs.map(run => run.fromMs)).toEqual(runs.map(() => 0));
      // All but the last, which the hang-up may have cut.
      const cut = runs.slice(0, -1).filter((run, index) => run.toMs !== Math.floor(spoken[index]!.generatedMs));
      // On a busy machine a reply has a hole that a caller takes for its end: they speak, and interrupt the rest.
      const interruptions = clears.filter(({discardedBytes}) => discardedBytes > 0).length;
      expect(cut.length).toBeLessThanOrEqual(fleet.machineIsBusy ? interruptions : 0);
      items += runs.length;
    }
    expect(items).toBeGreaterThan(CALLS * 4);
  });
});

const HAVE_MOVED = 'this machine is too busy to carry these calls: living workers looked dead, and their calls moved';
const haveMoved = (fleet: ProcessFleet) => fleet.machineIsBusy && warningsOf(fleet).includes('peer is dead');

/** If a worker is too slow to say yes, another one is asked, and one of the two sessions was opened in vain. */
async function sessionsInUse(fleet: ProcessFleet): Promise<SessionSummary[]> {
  return (await fleet.sessions()).filter(({heard}) => heard.bytes > 0);
}

function streamOf(report: CallReport | undefined): StreamReport {
  return report!.streams[0]!;
}

/** What edges and workers warned of, how often and when first: a call that changed its worker has its reason there. */
function warningsOf(fleet: ProcessFleet): string {
  const seen = new Map<string, {times: number; readonly first: string}>();
  for (const {name, lines} of [...fleet.edges, ...fleet.workers]) {
    for (const {json} of lines) {
      if (json?.['level'] !== 'warn' && json?.['level'] !== 'error') continue;
      const what = `${name}: ${String(json['msg'])} ${JSON.stringify(json['why'] ?? json['reason'] ?? '')}`;
      const known = seen.get(what);
      if (known) known.times += 1;
      else seen.set(what, {times: 1, first: String(json['time'])});
    }
  }
  return [...seen].map(([what, {times, first}]) => `${what} (${times} times, first ${first})`).join('; ') || 'nothing';
}
