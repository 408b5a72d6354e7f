import {createLog} from '@voicebridge/shared/observability/log.ts';
import {ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {MemorySpendLedger} from '@voicebridge/shared/spend/memory-spend-ledger.ts';
import type {SpendLedger} from '@voicebridge/shared/spend/spend-ledger.ts';
import {FakeClock, flushPromises} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test} from 'vitest';
import {ProcessPauses} from '../health/process-pauses.ts';
import {MemoryRecording} from '../testing/memory-recording.ts';
import {takenCall} from '../testing/taken-call.ts';
import {callSid, TestDeployment} from '../testing/test-deployment.ts';
import {AfterPause} from './after-pause.ts';

const other = ProcessId.parse('worker-0000other');
const silent = createLog('test', {level: 'silent'});

/** A worker with one call and its caller, which then does not run for so long. `isTaken`: another worker takes the call meanwhile. */
async function paused(deployment: TestDeployment, ms: number, {isTaken = true, env = {}} = {}) {
  const worker = await deployment.worker(env);
  await deployment.take(worker, 1);
  const {heard} = await deployment.stream(worker, 1);
  await deployment.pass(1_000);
  const [model] = deployment.model.sessions;
  if (!model) throw new Error('the call has no model session');
  if (isTaken) await deployment.directory.claim(callSid(1), {epoch: 1, owner: other, at: 0});
  const asked = model.commands.length;
  deployment.clock.oversleep(ms);
  return {worker, model, heard, asked};
}

test('a worker that wakes asks its model for nothing in a call that another worker has', async () => {
  await using deployment = new TestDeployment();
  const {worker, model, asked} = await paused(deployment, 16_000, {env: {IDLE_PROMPT_SECONDS: '5'}});
  model.emit({type: 'callerSpoke', itemId: 'i', fromMs: 100});
  expect(model.commands).toHaveLength(asked);
  await deployment.pass(1_000);
  expect(model.commands).toHaveLength(asked);
  expect([model.closed, worker.calls, deployment.records]).toEqual([true, 0, []]);
  expect(deployment.model.sessions).toHaveLength(1);
});

test('a worker that wakes after the longest call and the end of the session are due does nothing about them', async () => {
  await using deployment = new TestDeployment();
  const env = {MAX_CALL_SECONDS: '60', SESSION_ROTATE_SECONDS: '60'};
  const {worker, model, asked} = await paused(deployment, 90_000, {env});
  await deployment.pass(1_000);
  expect([model.commands.length, deployment.model.sessions.length, worker.calls]).toEqual([asked, 1, 0]);
  expect((await deployment.directory.read(callSid(1)))?.intent).toBeUndefined();
});

test('a worker that wakes and still has its call goes on with it, in the order in which things happened', async () => {
  await using deployment = new TestDeployment();
  const {worker, model, heard} = await paused(deployment, 5_000, {isTaken: false});
  model.emit(
    {type: 'responseStarted', responseId: 'r', tag: undefined},
    {type: 'audio', responseId: 'r', itemId: 'i', payload: Buffer.alloc(160, 1).toString('base64')},
  );
  expect(heard.filter(({kind}) => kind === 'audio')).toEqual([]);
  await deployment.pass(100);
  expect(heard.filter(({kind}) => kind === 'audio')).toHaveLength(1);
  expect(worker.calls).toBe(1);
});

test('a worker that wakes stores what it knew of a recorded call when it froze, and no silence for the time after that', async () => {
  await using deployment = new TestDeployment();
  const recordings: MemoryRecording[] = [];
  deployment.openRecording = call => {
    const recording = new MemoryRecording(call);
    recordings.push(recording);
    return recording;
  };
  await paused(deployment, 40_000, {env: {RECORDING: 'on'}});
  await deployment.pass(1_000);
  const [recording] = recordings;
  const pieces = [...(recording?.chunks ?? [])].map(([key, {length}]) => [key.includes('assistant'), length / 16]);
  const [[, knownMs = 0] = [], tail] = pieces;
  expect(Math.abs(Number(knownMs) - 1_000)).toBeLessThan(200);
  expect([pieces.length, tail, recording?.isOver]).toEqual([2, [true, 1_000], true]);
});

test('what is due by the clock happens after what came before it could be read', async () => {
  const clock = new FakeClock();
  using pauses = new ProcessPauses(clock, silent);
  const happened: string[] = [];
  const woke = () => happened.push('the worker woke');
  const after = new AfterPause({clock, log: silent, pauses, ownerKnown: async () => {}, woke});
  clock.oversleep(5_000);
  after.took(() => happened.push('the caller has waited too long'), {isDue: true});
  after.took(() => happened.push('the answer'));
  await clock.advanceAsync(1);
  expect(happened).toEqual(['the worker woke', 'the answer', 'the caller has waited too long']);
});

test('what cannot be done after a pause keeps nothing from happening that waited behind it', async () => {
  const clock = new FakeClock();
  using pauses = new ProcessPauses(clock, silent);
  const after = new AfterPause({clock, log: silent, pauses, ownerKnown: async () => {}, woke() {}});
  const happened: string[] = [];
  clock.oversleep(5_000);
  after.took(() => {
    throw new Error('a bug');
  });
  after.took(() => happened.push('the answer'));
  await clock.advanceAsync(1);
  expect(happened).toEqual(['the answer']);
});

test('a call goes on after a while if Redis does not say whose it is', async () => {
  const clock = new FakeClock();
  using pauses = new ProcessPauses(clock, silent);
  const after = new AfterPause({clock, log: silent, pauses, ownerKnown: () => new Promise(() => {}), woke() {}});
  const happened: string[] = [];
  const happens = (what: string) => {
    if (!after.took(() => happens(what))) happened.push(what);
  };
  happens('before');
  clock.oversleep(300);
  happens('first');
  await clock.advanceAsync(499);
  happens('second');
  expect(happened).toEqual(['before']);
  await clock.advanceAsync(1);
  expect(happened).toEqual(['before', 'first', 'second']);
  // A worker that was away for long has lost its connections, and Redis may well be there for all others.
  clock.oversleep(60_000);
  happens('third');
  await clock.advanceAsync(4_999, 10);
  expect(happened).toHaveLength(3);
  await clock.advanceAsync(2);
  expect(happened).toHaveLength(4);
});

test('a pause too short for anybody to take a call holds nothing back', async () => {
  const clock = new FakeClock();
  using pauses = new ProcessPauses(clock, silent);
  const after = new AfterPause({clock, log: silent, pauses, ownerKnown: () => new Promise(() => {}), woke() {}});
  clock.oversleep(190);
  expect(after.holds()).toBe(false);
  await flushPromises();
});

test('a new call that was asked for while the worker did not run is not taken when it wakes', async () => {
  await using deployment = new TestDeployment();
  const worker = await deployment.worker();
  const request = {type: 'take', callSid: callSid(1), epoch: 0, assistant: 'default', facts: {}, cause: 'new'} as const;
  deployment.clock.oversleep(16_000);
  const asked = deployment.workerClient.ask(worker.id, request, 300);
  await deployment.pass(1_000);
  expect(await asked).toMatchObject({answer: 'unknown'});
  expect([worker.calls, deployment.model.sessions.length]).toEqual([0, 0]);
  expect(await deployment.directory.read(callSid(1))).toBeUndefined();
  // Half a second later it takes calls again.
  expect(await deployment.take(worker, 1)).toMatchObject({answer: 'yes'});
});

test('a worker that ends a call which goes on with another one tells the ledger of money nothing about its end', async () => {
  const ledger = new MemorySpendLedger(() => 0);
  const ends: number[] = [];
  const spied: SpendLedger = {
    admit: (payer, limits) => ledger.admit(payer, limits),
    charge(payer, spent) {
      if (spent.isOver) ends.push(spent.owner);
      return ledger.charge(payer, spent);
    },
  };
  for (const isTaken of [true, false]) {
    const {clock, session, directory} = await takenCall({ledger: spied});
    if (isTaken) await directory.claim(session.callSid, {epoch: 1, owner: other, at: 0});
    session.end('caller.hung-up');
    await clock.advanceAsync(100);
    expect(await session.outcome).toMatchObject({how: isTaken ? 'moved' : 'ended'});
    expect(ends).toHaveLength(isTaken ? 0 : 1);
  }
});
