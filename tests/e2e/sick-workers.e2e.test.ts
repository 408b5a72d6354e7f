import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {describe, expect as expectOf, test, vi} from 'vitest';
import {haveEnded, haveHeard, storyOf} from '../../tools/harness/callers.ts';
import {metric, ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {RunningProcess} from '../../tools/local-stack/processes.ts';
import {startFaultProxy} from '../../simulators/faults/src/fault-proxy.ts';
import {callMetrics} from '../../simulators/twilio/src/report/call-metrics.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import type {CallerScript, FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';

const PATIENCE = {timeout: 60_000, interval: 50};
const SAY = 'The assistant cannot speak.';
const asks: CallerScript = [
  {do: 'waitForSilence', ms: 500},
  {do: 'say', clip: 'caller-opening-hours'},
  {do: 'waitForSilence', ms: 3_000},
  {do: 'hangUp'},
];
/** Who hears the greeting and hangs up. */
const listens: CallerScript = [{do: 'waitForSilence', ms: 500}, {do: 'hangUp'}];
const model = {MODEL_FIRST_DELTA_MS: '200', MODEL_SPEED: '2', MODEL_DELTA_MS: '100'};

const answerOf = async (worker: RunningProcess, path: string) => {
  const answer = await fetch(new URL(path, worker.url));
  return {status: answer.status, body: (await answer.json()) as Record<string, unknown>};
};
const ready = (worker: RunningProcess) => answerOf(worker, '/readyz');
const takes = (worker: RunningProcess) => answerOf(worker, '/takez');
const saying = (worker: RunningProcess, message: string) =>
  worker.lines.filter(line => line.json?.['msg'] === message).length;

/**
 * Callers call, one after the other, until a worker that can take calls again has one. Until its next registration says so,
 * the webhook asks the others first.
 */
async function callsUntilTakenBy(fleet: ProcessFleet, worker: RunningProcess): Promise<readonly FakeCall[]> {
  const taken = saying(worker, 'call taken');
  const calls: FakeCall[] = [];
  await vi.waitFor(async () => {
    calls.push(fleet.twilio.dial(asks));
    await haveHeard(calls.slice(-1));
    expectOf(saying(worker, 'call taken')).toBeGreaterThan(taken);
  }, PATIENCE);
  return calls;
}

/** The caller heard the assistant, and no apology, and hung up. */
function expectServed(reports: readonly CallReport[], expect = expectOf): void {
  for (const report of reports) {
    expect(report.violations).toEqual([]);
    expect(report.saidByTwilio, storyOf(report.callSid).join('\n')).toEqual([]);
    expect(report.endedBy).toBe('caller');
    expect(report.streams.some(({firstAudioMs}) => firstAudioMs !== undefined)).toBe(true);
  }
}

describe.concurrent('callers of two workers', () => {
  test('are all heard while a rolling restart with a wrong key stops at its first process', async ({expect}) => {
    await using fleet = await ProcessFleet.start({edges: 1, workers: 2, model});
    const before = [...fleet.workers];
    // As Kubernetes does it with maxSurge 1 and maxUnavailable 0: an old one goes when a new one is ready.
    const started = await fleet.addWorker({OPENAI_API_KEY: 'sk-wrong'}, {readyWithin: 0});
    const line = await started.line('worker is up, and not ready', 60_000);
    expect(line.json?.['reason']).toMatch(/check OPENAI_API_KEY/);
    const calls = Array.from({length: 12}, () => fleet.twilio.dial(listens));
    expectServed(await haveEnded(calls), expect);
    expect(await ready(started)).toMatchObject({status: 503, body: {reason: line.json?.['reason']}});
    expect(await takes(started)).toMatchObject({status: 503});
    expect(await metric(started, 'voicebridge_model_up')).toBe(0);
    expect(await metric(started, 'voicebridge_taking')).toBe(0);
    expect(saying(started, 'call taken')).toBe(0);
    expect(saying(started, 'model cannot be used')).toBe(1);
    for (const worker of before) expect(await ready(worker)).toEqual({status: 200, body: {ready: true}});
  });

  test.for(['refuses', 'swallows'] as const)(
    'are answered by the other when the way of one to the model is lost (it %s), and by both when it is back',
    async (how, {expect}) => {
      await using fleet = await ProcessFleet.start({edges: 1, workers: 1, model});
      const {port} = new URL(fleet.model.url);
      await using way = await startFaultProxy({target: {host: '127.0.0.1', port: Number(port)}});
      const cutOff = await fleet.addWorker({OPENAI_REALTIME_URL: way.url('ws', '/v1/realtime')});
      const calls: FakeCall[] = [];
      // On a busy machine the webhook may not know of this worker yet, or no session opens there in time.
      await vi.waitFor(async () => {
        calls.push(...Array.from({length: 8}, () => fleet.twilio.dial(asks)));
        await haveHeard(calls.slice(-8));
        expect(await metric(cutOff, 'voicebridge_calls_active')).toBeGreaterThan(0);
      }, PATIENCE);
      const before = {lost: saying(cutOff, 'model cannot be used'), back: saying(cutOff, 'model can be used again')};
      if (how === 'refuses') await way.down();
      else {
        way.toxics.add({kind: 'timeout'});
        way.cut('reset');
      }
      const reports = await haveEnded(calls);
      expectServed(reports, expect);
      for (const report of reports) expect(callMetrics(report).answerMs).toHaveLength(1);
      await vi.waitFor(async () => expect((await ready(cutOff)).status).toBe(503), PATIENCE);
      expect(await metric(cutOff, 'voicebridge_calls_active')).toBe(0);
      const taken = saying(cutOff, 'call taken');
      const later = Array.from({length: 6}, () => fleet.twilio.dial(listens));
      expectServed(await haveEnded(later), expect);
      expect(saying(cutOff, 'call taken')).toBe(taken);
      expect(await ready(fleet.workers[0]!)).toEqual({status: 200, body: {ready: true}});
      way.toxics.clear();
      if (how === 'refuses') await way.up();
      await vi.waitFor(async () => expect((await takes(cutOff)).status).toBe(200), PATIENCE);
      expect(saying(cutOff, 'model cannot be used')).toBe(before.lost + 1);
      // What it logs comes another way than its answers.
      await vi.waitFor(() => expect(saying(cutOff, 'model can be used again')).toBe(before.back + 1), PATIENCE);
      expectServed(await haveEnded(await callsUntilTakenBy(fleet, cutOff)), expect);
    },
  );

  test('are told so while the model is down for both, which stay ready, and are heard when it is back', async ({
    expect,
  }) => {
    await using fleet = await ProcessFleet.start({edges: 1, workers: 2, model, env: {MODEL_DOWN_SAY: SAY}});
    await fleet.setKnobs({upgradeStatus: 503});
    const first = await haveEnded(Array.from({length: 4}, () => fleet.twilio.dial([])));
    await vi.waitFor(async () => {
      for (const worker of fleet.workers) expect(await metric(worker, 'voicebridge_model_up')).toBe(0);
    }, PATIENCE);
    const then = await haveEnded(Array.from({length: 4}, () => fleet.twilio.dial([])));
    for (const report of [...first, ...then]) {
      expect(report.violations).toEqual([]);
      expect(report.saidByTwilio).toEqual([SAY]);
    }
    for (const worker of fleet.workers) {
      expect(await ready(worker)).toEqual({status: 200, body: {ready: true}});
      expect((await takes(worker)).status).toBe(200);
    }
    await fleet.setKnobs({upgradeStatus: null});
    await vi.waitFor(async () => {
      for (const worker of fleet.workers) expect(await metric(worker, 'voicebridge_model_up')).toBe(1);
    }, PATIENCE);
    expectServed(await haveEnded(Array.from({length: 4}, () => fleet.twilio.dial(listens))), expect);
  });

  test.skipIf(process.platform !== 'linux')(
    'are answered by the other when one has no descriptors left, which says so and is ready',
    async ({expect}) => {
      await using fleet = await ProcessFleet.start({edges: 1, workers: 2, model});
      const [scarce] = fleet.workers;
      const limit = async (to: number) => {
        await promisify(execFile)('prlimit', ['--pid', String(scarce!.pid), `--nofile=${to}:`]);
      };
      const open = await metric(scarce!, 'process_open_fds');
      await limit(open + 10);
      await vi.waitFor(async () => expect((await takes(scarce!)).status).toBe(503), PATIENCE);
      expect((await takes(scarce!)).body['reason']).toMatch(/descriptors are open/);
      expect((await ready(scarce!)).body).toMatchObject({ready: true, taking: false});
      const calls = Array.from({length: 8}, () => fleet.twilio.dial(listens));
      expectServed(await haveEnded(calls), expect);
      expect(saying(scarce!, 'call taken')).toBe(0);
      await limit(1_024);
      await vi.waitFor(async () => expect((await takes(scarce!)).status).toBe(200), PATIENCE);
      expectServed(await haveEnded(await callsUntilTakenBy(fleet, scarce!)), expect);
    },
  );
});
