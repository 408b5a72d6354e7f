import {RequestRefused} from '@voicebridge/assistant/http/send-request.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {describe, expect, test} from 'vitest';
import {ProcessPauses} from '../health/process-pauses.ts';
import type {CallEvent} from '../events/call-event.ts';
import {ScriptedLookUp, toolsWith} from '../testing/tools.ts';
import type {BackgroundTool} from '../tools/tool.ts';
import {BackgroundTools} from './background-tools.ts';
import {MemoryToolLedger} from './tool-ledger.ts';

const callSid = CallSid.parse(`CA${'1'.repeat(32)}`);

function setUp(
  tool: BackgroundTool,
  {
    clock = new FakeClock(),
    ledger = new MemoryToolLedger(),
    isOwnerLost = true,
    log = createLog('test', {level: 'silent'}),
    logModelDetails = false,
    pauses = {pausedSince: (_moment: number): number => 0},
  } = {},
) {
  const events: CallEvent[] = [];
  const running = new BackgroundTools({
    tools: () => toolsWith(tool),
    callSid,
    clock,
    pauses,
    log,
    ledger,
    owner: 'worker-1:1',
    isOwnerLost,
    logModelDetails,
    send: async () => ({status: 200, type: '', body: ''}),
    journalled: async () => true,
    finished: event => events.push(event),
  });
  const secrets = {pin: '4711'};
  const run = (callId: string) => running.run({do: 'runTool', callId, name: tool.name, args: {city: 'Bern'}, secrets});
  const outcomes = () => events.map(event => (event.type === 'toolFinished' ? [event.callId, event.outcome] : []));
  return {clock, running, run, outcomes, events};
}
const found = {kind: 'output', output: 'Monday'} as const;

test('a tool gets the model’s arguments and the call’s id, and its outcome comes back', async () => {
  const lookUp = new ScriptedLookUp();
  const {clock, run, outcomes} = setUp(lookUp);
  run('c1');
  await clock.advanceAsync(3_000, 100);
  expect(lookUp.jobs).toMatchObject([{args: {city: 'Bern'}, job: {callSid}}]);
  expect(outcomes()).toEqual([]);
  lookUp.jobs[0]!.result.resolve(found);
  await clock.advanceAsync(1);
  expect(outcomes()).toEqual([['c1', found]]);
  expect(clock.waiting).toBe(0);
});

test('the time that a tool ran is told without the time in which Redis was asked', async () => {
  const ledger = new MemoryToolLedger();
  const clock = new FakeClock();
  const begin = ledger.begin.bind(ledger);
  ledger.begin = async (...asked) => {
    await sleep(clock, 40);
    return await begin(...asked);
  };
  const lookUp = new ScriptedLookUp();
  const {run, events} = setUp(lookUp, {clock, ledger});
  run('c1');
  for (const ms of [0, 40, 0, 199]) await clock.advanceAsync(ms);
  lookUp.jobs[0]!.result.resolve(found);
  await clock.advanceAsync(1);
  expect(events).toMatchObject([{callId: 'c1', ranMs: 200}]);
});

test('two tools run at the same time, and each result goes to its own call', async () => {
  const lookUp = new ScriptedLookUp();
  const {clock, run, outcomes} = setUp(lookUp);
  run('c1');
  run('c2');
  await clock.advanceAsync(1);
  lookUp.jobs[1]!.result.resolve(found);
  await clock.advanceAsync(1);
  lookUp.jobs[0]!.result.resolve({kind: 'output', output: 'Friday'});
  await clock.advanceAsync(1);
  expect(outcomes()).toEqual([
    ['c2', found],
    ['c1', {kind: 'output', output: 'Friday'}],
  ]);
});

test.each([
  ['rejects', () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7'))],
  [
    'throws',
    () => {
      throw new Error('a bug');
    },
  ],
])('a tool that %s is a result in words, without what only operators should read', async (_, run) => {
  const tool = Object.assign(new ScriptedLookUp(), {run});
  const call = setUp(tool);
  call.run('c1');
  await call.clock.advanceAsync(1);
  expect(call.outcomes()).toEqual([
    ['c1', {kind: 'failed', output: 'The tool look_up failed. Tell the caller that this did not work.'}],
  ]);
});

test('the words of a tool’s error are in the log only where an operator asked for them', async () => {
  const words = 'no customer Maria, key 7f3a9c';
  const linesOf = async (thrown: Error, logModelDetails: boolean) => {
    const lines: string[] = [];
    const tool = Object.assign(new ScriptedLookUp(), {run: () => Promise.reject(thrown)});
    const call = setUp(tool, {
      log: createLog('test', {to: {write: line => void lines.push(line)}}),
      logModelDetails,
    });
    call.run('c1');
    await call.clock.advanceAsync(1);
    return lines.join('');
  };
  const failure = Object.assign(new Error(words), {code: 'E_CRM', cause: new Error(words)});
  const line = await linesOf(failure, false);
  expect(line).toContain('"msg":"a tool failed"');
  expect(JSON.parse(line)).toMatchObject({tool: 'look_up', type: 'Error', code: 'E_CRM', messageLength: words.length});
  expect(line).not.toMatch(/Maria|7f3a9c/);
  expect(await linesOf(failure, true)).toContain(words);
  // Digits that the caller entered are in no log, whatever an operator asks for.
  expect(await linesOf(new Error('the PIN 4711 is wrong'), true)).toContain('the PIN ••• is wrong');
  expect(await linesOf(new RequestRefused('the host has a private address'), false)).toContain('private address');
});

test('a tool that never answers is aborted at its time limit, and the model is told', async () => {
  const lookUp = new ScriptedLookUp();
  const {clock, run, outcomes} = setUp(lookUp);
  run('c1');
  await clock.advanceAsync(1);
  await clock.advanceAsync(7_990, 85);
  expect(outcomes()).toEqual([]);
  expect(lookUp.jobs[0]!.job.signal.aborted).toBe(false);
  await clock.advanceAsync(20, 5);
  expect(outcomes()).toEqual([
    ['c1', {kind: 'failed', as: 'late', output: expect.stringContaining('within 8 seconds')}],
  ]);
  expect(lookUp.jobs[0]!.job.signal.aborted).toBe(true);
  lookUp.jobs[0]!.result.resolve(found);
  await clock.advanceAsync(10);
  expect(outcomes()).toHaveLength(1);
});

test('a tool that answered while its worker did not run has not exceeded its time limit', async () => {
  const lookUp = new ScriptedLookUp();
  const clock = new FakeClock();
  using pauses = new ProcessPauses(clock, createLog('test', {level: 'silent'}));
  const {run, outcomes} = setUp(lookUp, {clock, pauses});
  run('c1');
  run('c2');
  await clock.advanceAsync(1);
  clock.oversleep(16_000);
  // It is read after all timers that are due.
  lookUp.jobs[0]!.result.resolve(found);
  await clock.advanceAsync(99);
  expect(outcomes()).toEqual([['c1', found]]);
  await clock.advanceAsync(1);
  expect(outcomes()[1]).toEqual(['c2', expect.objectContaining({as: 'late'})]);
});

test('a tool that still runs when the call ends is aborted, and reports nothing any more', async () => {
  const lookUp = new ScriptedLookUp();
  const {clock, running, run, outcomes} = setUp(lookUp);
  run('c1');
  await clock.advanceAsync(1);
  void running.close({isMoved: false});
  expect(lookUp.jobs[0]!.job.signal.aborted).toBe(true);
  await clock.advanceAsync(1);
  expect(clock.waiting).toBe(0);
  lookUp.jobs[0]!.result.resolve(found);
  await clock.advanceAsync(10_000, 100);
  expect(outcomes()).toEqual([]);
});

describe('a tool that another worker began', () => {
  const setUpWith = async (tool: BackgroundTool, {isOwnerLost = true} = {}) => {
    const clock = new FakeClock();
    const ledger = new MemoryToolLedger();
    await ledger.begin(callSid, 'c1', {attempt: 'of another worker', wall: clock.wall()});
    return {ledger, ...setUp(tool, {clock, ledger, isOwnerLost})};
  };

  test('is told with the result that the other worker wrote, and does not run', async () => {
    const lookUp = new ScriptedLookUp();
    const {clock, ledger, run, outcomes} = await setUpWith(lookUp);
    run('c1');
    await clock.advanceAsync(300, 20);
    expect(outcomes()).toEqual([]);
    await ledger.finish(callSid, 'c1', found);
    await clock.advanceAsync(200, 20);
    expect(outcomes()).toEqual([['c1', found]]);
    expect(lookUp.jobs).toEqual([]);
  });

  test('runs again, with the same key, only where that is safe', async () => {
    const lookUp = Object.assign(new ScriptedLookUp(), {isRepeatable: true});
    const {clock, run, outcomes} = await setUpWith(lookUp);
    run('c1');
    await clock.advanceAsync(20, 5);
    expect(lookUp.jobs).toMatchObject([{job: {key: `${callSid}:c1`}}]);
    lookUp.jobs[0]!.result.resolve(found);
    await clock.advanceAsync(20, 5);
    expect(outcomes()).toEqual([['c1', found]]);
  });

  test('of a worker that is lost is told as unknown soon, and of one that only leaves when its time is over', async () => {
    const [lost, leaving] = [
      await setUpWith(new ScriptedLookUp()),
      await setUpWith(new ScriptedLookUp(), {isOwnerLost: false}),
    ];
    for (const {clock, run} of [lost, leaving]) {
      run('c1');
      await clock.advanceAsync(2_000, 50);
    }
    expect(lost.outcomes()).toEqual([
      ['c1', {kind: 'failed', as: 'unknown', output: expect.stringContaining('not known')}],
    ]);
    expect(leaving.outcomes()).toEqual([]);
    await leaving.clock.advanceAsync(7_000, 50);
    expect(leaving.outcomes()).toEqual(lost.outcomes());
  });

  test('has a result already: it is told at once', async () => {
    const {clock, ledger, run, outcomes} = await setUpWith(new ScriptedLookUp());
    await ledger.finish(callSid, 'c1', found);
    run('c1');
    await clock.advanceAsync(20, 5);
    expect(outcomes()).toEqual([['c1', found]]);
  });
});

test('a tool that cannot run twice runs to its end when its call moves, and its result is there for the next owner', async () => {
  const lookUp = new ScriptedLookUp();
  const ledger = new MemoryToolLedger();
  const {clock, running, run, outcomes} = setUp(lookUp, {ledger});
  run('c1');
  await clock.advanceAsync(1);
  const closed = running.close({isMoved: true});
  expect(lookUp.jobs[0]!.job.signal.aborted).toBe(false);
  lookUp.jobs[0]!.result.resolve(found);
  await clock.advanceAsync(1);
  await closed;
  expect(outcomes()).toEqual([]);
  expect(await ledger.result(callSid, 'c1')).toEqual(found);
});
