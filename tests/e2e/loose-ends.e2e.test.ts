import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {spentByCall} from '@voicebridge/shared/redis/keys.ts';
import {describe, test, vi} from 'vitest';
import {gatherEvidence} from '../../scripts/chaos/run-evidence.ts';
import {haveBeenAnswered, haveEnded, haveHeard} from '../../tools/harness/callers.ts';
import {metric, ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {heardRuns, audioEvidence, sessionsOf, unheardFrames} from '../../tools/harness/audio-evidence.ts';
import type {CallerScript} from '../../simulators/twilio/src/fake-twilio.ts';

const model = {MODEL_FIRST_DELTA_MS: '200', MODEL_SPEED: '5', MODEL_TAGGED: 'on'};
/** So long the network keeps a socket that is half open. */
const HALF_OPEN_MS = 40_000;
const soon = {timeout: 60_000, interval: 20};

describe.concurrent('a call that ends badly', () => {
  test('because its worker dies as the caller hangs up still has one record, and leaves nothing behind', async ({
    expect,
  }) => {
    const folder = await mkdtemp(join(tmpdir(), 'voicebridge-e2e-'));
    await using fleet = await ProcessFleet.start({edges: 1, workers: 2, model, analytics: {dataDir: folder}});
    const calls = [0, 1, 2, 3].map(tag => fleet.twilio.dial([], {tag}));
    await vi.waitFor(() => expect(calls.every(call => call.hearsAssistant)).toBe(true), soon);
    const [victim] = await fleet.busyWorkers();
    victim!.kill('SIGKILL');
    for (const call of calls) call.hangUp();
    const reports = await haveEnded(calls);
    fleet.workers.splice(fleet.workers.indexOf(victim!), 1);
    const truth = await gatherEvidence(fleet, reports);
    expect(truth.records.map(({callSid}) => callSid).toSorted()).toEqual(calls.map(call => call.callSid).toSorted());
    // The webhook has noted who ended the calls of the worker that had just died.
    expect(truth.records.map(({endReason}) => endReason)).toEqual(calls.map(() => 'caller.hung-up'));
    expect({open: truth.open, channels: truth.channels, keys: truth.keys, held: truth.held}).toEqual({
      open: [],
      channels: [],
      keys: [],
      held: [],
    });
    await vi.waitFor(async () => {
      const open = (await fleet.sessions()).filter(({closedAt}) => closedAt === null);
      expect(open).toEqual([]);
    }, soon);
    await rm(folder, {recursive: true, force: true});
  });

  test('because its money is spent says so, whichever worker spent it, and so do the next ones', async ({expect}) => {
    await using fleet = await ProcessFleet.start({
      edges: 1,
      workers: 2,
      model,
      env: {
        SPEND_PER_CALL_USD: '0.012',
        SPEND_PER_CALLER_USD: '0.012',
        SPEND_PER_ASSISTANT_USD: '0.012',
        LIMIT_END_SAY: 'The money is spent.',
        LIMIT_SAY: 'Not today.',
      },
    });
    const from = '+15550100077';
    const turn: CallerScript = [
      {do: 'waitForSilence', ms: 300},
      {do: 'say', clip: 'caller-yes'},
    ];
    const call = fleet.twilio.dial(Array.from({length: 12}, () => turn).flat(), {from});
    const redis = openRedis(fleet.redisUrl, 'commands', createLog('test', {level: 'silent'}));
    const spent = async () =>
      Object.entries(await redis.hgetall(spentByCall(CallSid.parse(call.callSid)))).map(
        ([owner, micros]) => [owner, Number(micros)] as const,
      );
    await vi.waitFor(async () => expect(await spent()).not.toEqual([]), soon);
    const [owner] = await fleet.busyWorkers();
    owner!.kill('SIGKILL');
    const [report] = await haveEnded([call]);
    expect(report).toMatchObject({endedBy: 'platform', saidByTwilio: ['The money is spent.'], violations: []});
    const {all, ...owners} = Object.fromEntries(await spent());
    redis.disconnect();
    expect(Object.keys(owners)).toHaveLength(2);
    expect(Object.values(owners).reduce((sum, micros) => sum + micros, 0)).toBe(all);
    const [same, other] = await haveEnded([fleet.twilio.dial([], {from}), fleet.twilio.dial([])]);
    expect(same).toMatchObject({endedBy: 'platform', saidByTwilio: ['Not today.'], streams: []});
    // Only a worker knows which assistant answers.
    expect(other).toMatchObject({endedBy: 'platform', saidByTwilio: ['The money is spent.']});
  });

  test('because its socket is half open goes on over another socket at once, and the old one is closed long before the network gives it up', async ({
    expect,
  }) => {
    await using fleet = await ProcessFleet.start({edges: 2, workers: 1, model, twilio: {halfOpenFor: HALF_OPEN_MS}});
    let seen = false;
    const call = fleet.twilio.dial([{do: 'until', until: () => seen}, {do: 'hangUp'}], {tag: 0});
    await vi.waitFor(() => expect(call.hearsAssistant).toBe(true), soon);
    call.halfOpen();
    const brokeAt = performance.now();
    const sockets = async () => {
      const counts = await Promise.all(fleet.edges.map(edge => metric(edge, 'voicebridge_calls_active')));
      return counts.reduce((sum, count) => sum + count, 0);
    };
    await vi.waitFor(() => expect(call.hearsAssistant).toBe(true), soon);
    // The gauge is a second old at most.
    await vi.waitFor(async () => expect(await sockets()).toBe(1), soon);
    seen = true;
    expect(performance.now() - brokeAt).toBeLessThan(HALF_OPEN_MS / 2);
    const report = await call.ended;
    expect(report.endedBy).toBe('caller');
    expect(report.streams).toHaveLength(2);
    const [session, ...others] = sessionsOf(await audioEvidence(fleet), report);
    expect(others).toEqual([]);
    expect(session?.session.refusals).toEqual([]);
  });
});

describe.concurrent('callers whose edge hangs for two seconds, and then for six', () => {
  test('go on when it wakes up: every byte is heard once, in both directions', async ({expect}) => {
    // Slow enough for an answer to be under way for a while.
    const slow = {...model, MODEL_SPEED: '1.5', MODEL_DELTA_MS: '100'};
    // On a busy machine one caller is seconds behind another: nobody is asked meanwhile whether they are still there.
    const env = {IDLE_PROMPT_SECONDS: '0'};
    await using fleet = await ProcessFleet.start({edges: 1, workers: 1, model: slow, env});
    let turn = 0;
    // The rest of an answer that was under way comes when the edge wakes up: nobody speaks before they have heard it.
    const inTurn = (its: number): CallerScript => [
      {do: 'until', until: () => turn === its},
      {do: 'pause', ms: 1_500},
      {do: 'waitForSilence', ms: 300},
    ];
    const asks: CallerScript = [
      ...inTurn(1),
      {do: 'say', clip: 'caller-yes'},
      ...inTurn(2),
      {do: 'say', clip: 'caller-yes'},
      ...inTurn(3),
      {do: 'hangUp'},
    ];
    const calls = [0, 1, 2].map(tag => fleet.twilio.dial(asks, {tag}));
    await haveHeard(calls);
    for (const ms of [2_000, 6_000]) {
      turn += 1;
      await haveBeenAnswered(calls);
      fleet.edges[0]!.kill('SIGSTOP');
      await sleep(ms);
      fleet.edges[0]!.kill('SIGCONT');
      await metric(fleet.edges[0]!, 'voicebridge_calls_active'); // it is awake when it answers
    }
    turn += 1;
    const reports = await haveEnded(calls);
    const heard = await audioEvidence(fleet);
    for (const report of reports) {
      expect(report.violations).toEqual([]);
      expect(report.endedBy).toBe('caller');
      expect(report.streams).toHaveLength(1);
      const sessions = sessionsOf(heard, report);
      expect(sessions).toHaveLength(1);
      expect(sessions[0]!.stretches).toHaveLength(1);
      expect(unheardFrames(sessions, report)).toEqual([]);
      const said = sessions[0]!.session.items.filter(item => item.role === 'assistant');
      expect(said).toHaveLength(3);
      expect(heardRuns(report).map(({item, fromMs, toMs}) => ({item, fromMs, toMs}))).toEqual(
        said.map(({tag, generatedMs}) => ({item: tag, fromMs: 0, toMs: Math.floor(generatedMs)})),
      );
    }
  });
});
