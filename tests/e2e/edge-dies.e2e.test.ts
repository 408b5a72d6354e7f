import {RedisCallDirectory} from '@voicebridge/shared/call-directory/redis-call-directory.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {afterAll, beforeAll, describe, expect, test, vi} from 'vitest';
import {haveEnded, haveHeard, haveSpoken} from '../../tools/harness/callers.ts';
import {FLEET_KEY, metric, ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import type {CallerScript, FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';
import {type AudioEvidence, audioEvidence, heardRuns, sessionsOf} from '../../tools/harness/audio-evidence.ts';

const CALLS = 6;

/** They speak once both edges have calls. They are patient: a break in an answer, while Twilio opens another stream, is not its end. */
const asks = (mayBegin: () => boolean): CallerScript => [
  {do: 'until', until: mayBegin},
  {do: 'waitForSilence', ms: 300},
  {do: 'say', clip: 'caller-book-table'},
  {do: 'waitForSilence', ms: 3_000},
  {do: 'say', clip: 'caller-yes'},
  {do: 'waitForSilence', ms: 300},
  {do: 'hangUp'},
];
const saysGoodbye: CallerScript = [
  {do: 'waitForSilence', ms: 300},
  {do: 'say', clip: 'caller-goodbye'},
];

/** Sets the intent of a call, as a tool of the assistant would just before it closes the stream. */
async function transfer(redisUrl: string, callSid: string, transferTo: string): Promise<void> {
  const redis = openRedis(redisUrl, 'commands', createLog('test', {level: 'silent'}));
  const directory = new RedisCallDirectory(redis, new FleetKey([FLEET_KEY], Date.now));
  const call = await directory.read(CallSid.parse(callSid));
  await directory.intend(CallSid.parse(callSid), call?.epoch ?? 0, 'transfer', {transferTo});
  redis.disconnect();
}

/** The calls that another worker took over. */
const changedWorker = ({workers}: ProcessFleet): ReadonlySet<unknown> =>
  new Set(
    workers
      .flatMap(({lines}) => lines.map(({json}) => json))
      .filter(json => json?.['msg'] === 'call taken' && json['cause'] === 'worker-lost')
      .map(json => json?.['callSid']),
  );

describe('callers whose edge is killed', () => {
  let fleet: ProcessFleet;
  let reports: CallReport[];
  let heard: AudioEvidence[];
  let polite: CallReport;
  let transferred: CallReport;
  let moved: CallReport[];

  beforeAll(async () => {
    fleet = await ProcessFleet.start({
      edges: 2,
      workers: 2,
      env: {TRANSFER_ALLOW: '+1555*'},
      model: {MODEL_TAGGED: 'on', MODEL_FIRST_DELTA_MS: '200', MODEL_SPEED: '5'},
    });
    let areOnBoth = false;
    const dial = (tag: number) =>
      fleet.twilio.dial(
        asks(() => areOnBoth),
        {tag},
      );
    const calls = Array.from({length: CALLS}, (_, tag) => dial(tag));
    await haveHeard(calls);
    // Edges are drawn by lot among those with equally few calls: all of the first ones may be on one.
    while ((await Promise.all(fleet.edges.map(edge => metric(edge, 'voicebridge_calls_active')))).includes(0)) {
      const next = dial(calls.length);
      calls.push(next);
      await haveHeard([next]);
    }
    areOnBoth = true;
    await haveSpoken(calls);
    // The assistant is in the middle of its answer.
    await vi.waitFor(() => expect(calls.every(call => call.hearsAssistant)).toBe(true), {
      timeout: 30_000,
      interval: 20,
    });
    const marks = (call: FakeCall, count: number) =>
      new Promise<void>(resolve => call.on(event => event.type === 'markEchoed' && (count -= 1) === 0 && resolve()));
    await marks(calls[0]!, 6);
    const [doomed] = fleet.edges;
    doomed!.kill('SIGKILL');
    // Without a tag in its audio: the model must understand this one.
    const goodbye = fleet.twilio.dial(saysGoodbye);
    const leaving = fleet.twilio.dial([]);
    await vi.waitFor(() => expect(leaving.hearsAssistant).toBe(true), {timeout: 30_000});
    await transfer(fleet.redisUrl, leaving.callSid, '+15550100008');
    leaving.cutSocket();
    reports = await haveEnded(calls);
    [polite, transferred] = (await haveEnded([goodbye, leaving])) as [CallReport, CallReport];
    heard = await audioEvidence(fleet);
    moved = reports.filter(report => report.streams[0]!.url.includes(`:${doomed!.port}/`));
  });
  afterAll(() => fleet?.[Symbol.asyncDispose]());

  test('go on talking over the other edge, and hang up when they want to', () => {
    expect(reports.flatMap(report => report.violations)).toEqual([]);
    expect(reports.map(report => report.endedBy)).toEqual(reports.map(() => 'caller'));
    expect(moved.length).toBeGreaterThan(0);
    expect(moved.length).toBeLessThan(reports.length);
    expect(moved.map(report => report.streams.length)).toEqual(moved.map(() => 2));
  });

  test('keep their worker and its session, and are not greeted twice', () => {
    const elsewhere = changedWorker(fleet);
    // A living worker that gets no processor time looks dead, and its calls move. Nothing else moves them here.
    if (!fleet.machineIsBusy) expect([...elsewhere]).toEqual([]);
    for (const report of reports.filter(({callSid}) => !elsewhere.has(callSid))) {
      const sessions = sessionsOf(heard, report);
      expect(sessions).toHaveLength(1);
      expect(sessions[0]!.session.refusals).toEqual([]);
      expect(sessions[0]!.tags).toEqual([report.tag]);
    }
  });

  test('hear the rest of what was being said, from where they stopped hearing it', () => {
    const elsewhere = changedWorker(fleet);
    for (const report of moved.filter(({callSid}) => !elsewhere.has(callSid))) {
      const runs = heardRuns(report);
      const parts = runs.filter(
        (run, index) => run.item === runs[index + 1]?.item || run.item === runs[index - 1]?.item,
      );
      expect(parts).toHaveLength(2);
      const [before, after] = parts;
      // The position where hearing stopped is an estimate, off by a few milliseconds and by what that phone was late just then.
      expect(Math.abs(after!.fromMs - before!.toMs)).toBeLessThan(100 + fleet.twilio.lag.max);
    }
  });

  test('are not called back after a goodbye, nor after they hung up', () => {
    expect(polite.endedBy).toBe('platform');
    expect(polite.reason).toBe('Hangup');
    // A caller who dials right after the death may still be sent to the dead edge.
    expect(polite.streams.filter(({sentFrames}) => sentFrames > 0)).toHaveLength(1);
    for (const report of reports) expect(report.documents.at(-1)?.verbs).toContain('Connect');
  });

  test('are not called back when they were to be transferred and their stream broke', () => {
    expect(transferred.handedTo).toEqual(['Dial: Number: +15550100008']);
    expect(transferred.documents.at(-1)?.verbs).toEqual(['Dial', 'Hangup']);
  });
});
